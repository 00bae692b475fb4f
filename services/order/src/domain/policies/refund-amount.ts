// 2.2.5: what goes back is the money actually paid, and only that; a voucher is not given back.

/** The voucher never was part of `paidMinor`, so nothing has to be taken off here. */
export const refundAmount = ({ paidMinor }: { readonly paidMinor: number }): number => paidMinor;
