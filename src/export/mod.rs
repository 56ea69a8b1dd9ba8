//! What leaves the store for others: transaction information, files for the next owner.
