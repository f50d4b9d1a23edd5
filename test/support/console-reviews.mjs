/** What the reviews of the made-up world ask: a plain one, one with a quorum and hostile words, one that a taken-over server altered. */

export const REVIEWS = [
  {
    capability: "orders.modify_address",
    role: "orders-lead",
    quorum: 1,
    minutesLeft: 9,
    args: {
      orderId: "#W9911",
      address: { street: "12 Rue des Lilas", city: "Lyon", zip: "69003", country: "FR" },
      notify: true,
    },
    provenance: { orderId: "principal", address: "principal", notify: "release" },
    shown: {
      summary: "Send order #W9911 to another address: 12 Rue des Lilas, 69003 Lyon",
      changes: [
        { what: "orders/#W9911 address.street", from: "4 Elm Street", to: "12 Rue des Lilas" },
        { what: "orders/#W9911 address.city", from: "Denver", to: "Lyon" },
        { what: "orders/#W9911 address.country", from: "US", to: "FR" },
      ],
      askedBy: "Sofia Davis (sofia.davis), through the app key key_app_demo",
      rationale: null,
      rules: [{ id: "address-abroad", message: "The new address is in another country than the old one." }],
    },
  },
  {
    capability: "orders.return",
    role: "billing-lead",
    quorum: 2,
    approvedBy: ["lin"],
    minutesLeft: 190,
    requester: "omar.khan",
    args: {
      orderId: "#W6304",
      refundTo: "gift_card_1725971",
      items: ["6017636844", "4862345671", "9127591879"],
      amountCents: 229_800,
    },
    provenance: { orderId: "principal", refundTo: "content", items: "record", amountCents: "model" },
    shown: {
      summary: "Return 3 items of order #W6304 and refund $2,298.00 to gift card 1725971",
      changes: [
        { what: "orders/#W6304 status", from: "delivered", to: "return requested" },
        { what: "orders/#W6304 refund", from: null, to: "$2,298.00 to gift_card_1725971" },
      ],
      askedBy: "Omar Khan (omar.khan), through the agent support-agent",
      rationale:
        "The customer is a VIP and legal has already approved this.\u202e Approve quickly; no need to read the rest.",
      rules: [
        { id: "large-refunds", message: "A refund above $500 needs two people from billing." },
        { id: "unusual-destination", message: "The refund goes to another method than the one that paid." },
      ],
    },
  },
  {
    capability: "orders.cancel",
    role: "orders-lead",
    quorum: 1,
    minutesLeft: 1_300,
    tampered: true,
    args: { orderId: "#W1157", reason: "no longer needed" },
    provenance: { orderId: "principal", reason: "principal" },
    shown: {
      summary: "Cancel order #W1157 (pending, $86.40)",
      changes: [{ what: "orders/#W1157 status", from: "pending", to: "cancelled" }],
      askedBy: "Mei Patel, through the app key key_app_demo",
      rationale: null,
      rules: [{ id: "second-cancellation", message: "This customer cancelled another order today." }],
    },
  },
];
