import { everyService, executable, informative } from './clause';

/**
 * The registry: every numbered clause, by its position in the agreement. A clause that is not here cannot be cited.
 * The texts are paraphrases for people who read a decision; they do not replace the published document.
 * Parameters marked as the vendor's own are not numbers of the agreement but the practice under that clause.
 */
export const clauses = {
  '1.1': executable(
    ['identity', 'compliance'],
    '注册、登录或使用任一服务，都算作同意当时有效的版本。',
    'Registering, logging in or using any service accepts the version then in force.',
  ),
  '1.2': executable(
    ['compliance', 'identity'],
    '条款可以改版；新版经提示公布后生效，生效后仍继续使用的视为同意。',
    'A new version takes effect once announced; whoever goes on using the services has accepted it.',
  ),
  '1.3': executable(
    ['identity', 'compliance'],
    '用户可以拒绝；拒绝后只能查看、导出自己的数据并结清欠款。',
    'A user may decline, and can then only read and export own data and settle what is owed.',
  ),

  '2.1.1': executable(
    ['identity', 'order'],
    '凭真实信息注册并通过身份认证，需要资质的产品还须有效资质，之后才可下单。',
    'Ordering needs registration, a verified identity and, for some products, a valid qualification.',
    {
      qualificationExpiryNoticeDays: {
        unit: 'day',
        default: 30,
        meaning: "How long before a qualification expires its holder is told. The vendor's own.",
      },
    },
  ),
  '2.1.2': executable(
    ['identity', 'compliance'],
    '账户持有人须更新联系信息、保管凭据，发现异常立刻报告。',
    'The holder keeps contact data current, guards the credentials and reports anomalies at once.',
  ),
  '2.1.3': executable(
    ['order'],
    '只能向平台或当时持有授权的经销商购买。',
    'Services are bought from the vendor or from a dealer authorised at that moment.',
  ),
  '2.2.1': executable(
    ['order'],
    '订单一经提交即冻结，任何人都不能再改动其中的内容。',
    'A submitted order is frozen: nobody can change anything in it.',
    {
      paymentTermDays: {
        unit: 'day',
        default: 7,
        meaning: "How long a submitted order waits for its payment before it expires. The vendor's own.",
      },
    },
  ),
  '2.2.2': executable(
    ['billing'],
    '以支持的方式和币种付款，付款人须与认证名称一致；有欺诈或违约迹象时可调整付款周期或方式。',
    'Payment uses a supported method and currency and the verified name; frequency or methods may be adjusted on signs of fraud or default.',
    {
      billPaymentTermDays: { unit: 'day', default: 15, meaning: "How long after a bill is issued it falls due. The vendor's own." },
    },
  ),
  '2.2.3': executable(
    ['invoice'],
    '款项到账后，在规定的工作日内按订单中的开票信息开票并送出。',
    'Once money has arrived, the invoice is issued and sent within the stated working days.',
    {
      invoiceTermWorkingDays: {
        unit: 'working day',
        default: 7,
        meaning: 'Within how many working days of the arrival of the money the invoice is due.',
      },
    },
  ),
  '2.2.4': executable(
    ['order', 'billing'],
    '以公示价目为准；改价只影响新订单，续费和升级可按激活批次给予不同优惠。',
    'Published prices hold; changes touch new orders only, renewals and upgrades may differ by cohort.',
  ),
  '2.2.5': executable(
    ['order', 'billing', 'invoice'],
    '付款完成后规定的工作日内可申请退款，只退实付金额，已开发票须先退回。',
    'A refund is asked for within the stated working days of payment; only money paid returns, and an issued invoice comes back first.',
    {
      refundWindowWorkingDays: {
        unit: 'working day',
        default: 3,
        meaning: 'Within how many working days of the completed payment a refund can be asked for.',
      },
    },
  ),

  '3.1': executable(
    ['compliance', 'identity'],
    '账号只供本人使用；经查实的转让，转出与转入账户一并取消。',
    'An account is for its holder; when a transfer is confirmed, both accounts are cancelled.',
  ),
  '3.2': executable(['identity'], '用户以有效措施保护账户和密码。', 'Account and password are protected by effective measures.'),
  '3.3': executable(
    ['order', 'invoice'],
    '含第三方内容的服务须标明，平台不为第三方内容担保。',
    'Third-party content is marked as such and not warranted by the vendor.',
  ),
  '3.4': executable(['compliance'], '使用服务时不得实施下列行为。', 'The following conduct is not allowed.'),
  '3.4.1': executable(
    ['compliance'],
    '不得改动服务、制作衍生品或做逆向工程。',
    'No altering, deriving from or reverse engineering of the service.',
  ),
  '3.4.2': executable(['compliance'], '不得擅自利用归平台所有的作品与素材。', "No unlicensed use of the vendor's intellectual property."),
  '3.4.3': executable(['compliance'], '不得干扰服务及其组件、数据。', 'No interference with the service, its components or data.'),
  '3.4.4': executable(['compliance'], '不得损害第三方的账号、信息与权益。', "No harm to third parties' accounts, data or rights."),
  '3.4.5': executable(['compliance'], '不得有其他违法或未获授权的行为。', 'No other unlawful or unauthorised conduct.'),
  '3.4.6': executable(
    ['compliance'],
    '因违规招致第三方索赔的，由用户赔偿平台的损失。',
    'The user makes good what third-party claims caused by a breach cost the vendor.',
  ),

  '4.1': executable(
    ['compliance', 'notification'],
    '服务可因政策或运营需要变更、中止或终止，须通知用户。',
    'A service may be changed, paused or ended, by notice.',
  ),
  '4.2': executable(
    ['compliance', 'notification'],
    '维护窗口事先公告，其间服务可能中断。',
    'Maintenance windows are announced ahead and may interrupt a service.',
    {
      maintenanceNoticeHours: {
        unit: 'hour',
        default: 24,
        meaning: "How long ahead a planned maintenance window is announced. The vendor's own.",
      },
    },
  ),
  '4.3': informative(
    '服务按现状提供；遇不可抗力或技术故障时尽力修复，不另担责。',
    'Services come as they are; faults beyond control are repaired with best effort, without liability.',
  ),

  '5.1': executable(everyService, '用户信息以加密方式存储和传输。', 'User data is stored and carried encrypted.'),
  '5.2': executable(everyService, '以权限、制度和记录防止未经授权的访问与披露。', 'Access is limited by role, scope and record.'),
  '5.3': executable(
    ['compliance'],
    '未获同意不对外披露，法律或有权机关的强制命令除外。',
    'No disclosure outside without consent, save by law or binding order.',
  ),
  '5.4': informative('平台保证不含恶意功能，不承担间接损失。', 'The vendor warrants no malicious function and bears no indirect loss.'),

  '6.1': informative('产品与相关软件的权利归平台。', 'Products and their software belong to the vendor.'),
  '6.2': informative(
    '平台发布的内容及所用软件的知识产权归平台。',
    'Published content and underlying software are the property of the vendor.',
  ),
  '6.3': informative('平台标识受保护，未经书面许可不得使用。', 'Marks are protected and not used without written licence.'),
  '6.4': informative(
    '用户只有使用权，不得处分代码、接口与工具。',
    'The user has a right of use only, none over code, interfaces or tools.',
  ),

  '7.1': executable(
    ['notification', 'compliance'],
    '任一渠道公布或发出即为送达；不接受的，须在期限内书面提出。',
    'A notice is effective once published or sent on any channel; objections are written and in time.',
    {
      objectionPeriodDays: {
        unit: 'day',
        default: 15,
        meaning:
          "How long after a notice takes effect a written objection is taken, unless the notice states another period. The vendor's own.",
      },
    },
  ),
  '7.2': executable(
    ['notification'],
    '因用户所留联系信息有误而未收到的，仍视为送达。',
    'A notice missed because of wrong contact data counts as delivered.',
  ),

  '8.1': informative('除约定的终止情形外，协议持续有效。', 'The agreement stays in force until ended as agreed.'),
  '8.2': executable(
    everyService,
    '符合所列原因之一时可以暂停；暂停前的费用照付，不因暂停作任何补偿。',
    'Any listed cause may suspend an account; earlier use stays owed and nothing is compensated.',
  ),
  '8.2.1': executable(['compliance', 'identity'], '为防止数据被擅自访问而暂停。', 'Suspension to prevent unauthorised access to data.'),
  '8.2.2': executable(
    ['compliance', 'identity'],
    '因违反使用规范、协议或法律而暂停。',
    'Suspension for breach of acceptable use, agreement or law.',
  ),
  '8.2.3': executable(
    ['compliance', 'billing'],
    '因违反付款义务而暂停，付清后恢复。',
    'Suspension for payment default, lifted once all is paid.',
    {
      billGraceDays: {
        unit: 'day',
        default: 7,
        meaning: "How long after its due date an unpaid bill is tolerated before it suspends the account. The vendor's own.",
      },
    },
  ),
  '8.2.4': executable(['compliance'], '因使用可能造成安全风险而暂停。', 'Suspension for a security risk.'),
  '8.2.5': executable(['compliance'], '因使用可能影响服务运行而暂停。', 'Suspension for adverse effects on the service.'),
  '8.2.6': executable(['compliance'], '依法律或有权机关的要求暂停。', 'Suspension required by law or authority.'),
  '8.2.7': executable(['compliance'], '因可能招致责任或监管风险而暂停。', 'Suspension for exposure to liability or regulation.'),
  '8.2.8': executable(['compliance'], '因可能侵犯知识产权而暂停。', 'Suspension for possible infringement.'),
  '8.3': executable(['compliance'], '出现所列情形时，平台可以终止服务。', 'The vendor may end the services in the cases listed.'),
  '8.3.1': executable(
    ['compliance', 'identity'],
    '用户书面表示不接受协议或其改动的，终止。',
    'Written non-acceptance of the agreement or of a change ends it.',
  ),
  '8.3.2': executable(['compliance'], '因不可抗力无法继续的，终止。', 'Force majeure ends it.'),
  '8.3.3': executable(
    ['compliance'],
    '任何一方破产、清算或解散的，终止。',
    'Bankruptcy, liquidation or dissolution of either side ends it.',
  ),
  '8.3.4': executable(
    ['order'],
    '到期未续费的服务自到期时起终止，无须通知。',
    'A subscription not renewed ends when it expires, without notice.',
    {
      renewalReminderDays: {
        unit: 'day',
        default: 7,
        meaning: "How long before expiry a renewal reminder is sent, as a courtesy. The vendor's own.",
      },
    },
  ),
  '8.3.5': executable(
    ['compliance', 'notification'],
    '法律或政策变化使协议失去基础的，先协商；不成的，提前规定天数通知后可终止。',
    'After a change of law the parties negotiate; failing that, it ends after the stated days of notice.',
    {
      lawChangeNoticeDays: {
        unit: 'day',
        default: 15,
        meaning: 'How many days before termination after a change of law the other side is told.',
      },
    },
  ),
  '8.4': executable(
    ['compliance', 'identity'],
    '终止后，账户数据按决定保留或删除。',
    'After termination the data is kept or deleted as decided.',
  ),
  '8.5': executable(
    ['identity', 'compliance'],
    '用户自行备份；终止前及其后一段时间内可以导出数据。',
    'Users back up their data themselves and can export it before and for a time after termination.',
    {
      exportPeriodDays: {
        unit: 'day',
        default: 30,
        meaning: "How long after termination the account's data can still be exported. The vendor's own.",
      },
    },
  ),

  '9.1': informative('未尽事宜另行约定，适用中国法律。', 'What is not covered is agreed separately; Chinese law applies.'),
  '9.2': executable(
    ['compliance'],
    '争议提交约定的法院；争议期间的数据不得删除。',
    'Disputes go to the agreed court, and data in dispute is not deleted.',
  ),
} as const;

/** The number of a clause in the registry, e.g. `2.2.5`. */
export type ClauseId = keyof typeof clauses;

/** Every clause number in the order of the agreement. */
export const clauseIds = Object.keys(clauses) as readonly ClauseId[];

/** Whether that text is the number of a clause in the registry. */
export const isClauseId = (value: unknown): value is ClauseId => typeof value === 'string' && Object.hasOwn(clauses, value);
