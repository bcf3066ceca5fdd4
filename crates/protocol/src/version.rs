//! The one number both ends of the socket must agree on.

/// Version of these messages. Node passes it to the shepherd in decimal as `argv[2]`; a shepherd of another version exits at once.
pub const VERSION: u32 = 1;
