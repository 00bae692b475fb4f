/** Something that stands in the way and is no business answer. The base of everything this library throws. */
export class StoreFault extends Error {
  override readonly name: string = 'StoreFault';
}

/** The stream's revision is not the expected one: somebody else was faster. */
export class WrongRevision extends StoreFault {
  override readonly name = 'WrongRevision';
}

/** It is unknown whether an append took place: the answer was lost. */
export class AmbiguousAppend extends StoreFault {
  override readonly name = 'AmbiguousAppend';
}

/** The store could not be reached, or its answer stayed out. */
export class StoreUnavailable extends StoreFault {
  override readonly name = 'StoreUnavailable';
}

/** A stored event that this version of the code does not know, or cannot read. Never skipped. */
export class UnreadableEvent extends StoreFault {
  override readonly name = 'UnreadableEvent';
}

/** A decided event that must not be stored: it does not fit its schema, or a personal field has no subject. */
export class UnfitEvent extends StoreFault {
  override readonly name = 'UnfitEvent';
}

/** The events of a command are larger than may be appended at a time; nothing was stored. */
export class AppendTooLarge extends StoreFault {
  override readonly name = 'AppendTooLarge';
}

/** The account's key has been destroyed: nothing personal can be stored for it any more. */
export class AccountForgotten extends StoreFault {
  override readonly name = 'AccountForgotten';
  constructor(readonly accountId: string) {
    super(`the key of account ${accountId} has been destroyed`);
  }
}

/** A sealed value that was tampered with, or does not belong to the account it names. */
export class SealBroken extends StoreFault {
  override readonly name = 'SealBroken';
}
