//! What a message may cost, settled before anything is allocated for it.

/// Bounds on one message. Each is a setting of the `server` section.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest frame, unframed message and reply, in bytes. Every Apache library has this default.
    pub max_frame_bytes: usize,
    /// Largest sum of the elements of all containers of a message.
    pub max_elements: usize,
    /// Deepest nesting of structs and containers.
    pub max_depth: usize,
    /// Memory that a message may take when it is decoded, in bytes, beside four times its own size.
    pub max_decoded_bytes: usize,
    /// How many times its own size a compressed message may have when it is inflated.
    pub max_inflate_ratio: usize,
    /// Most bytes of the headers of a message, or of the head of a request of HTTP.
    pub max_header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame_bytes: 16_384_000,
            max_elements: 1_000_000,
            max_depth: 64,
            max_decoded_bytes: 64 << 20,
            max_inflate_ratio: 200,
            max_header_bytes: 16 << 10,
        }
    }
}

/// A frame length above this would look like a TLS handshake to the detector.
pub const LARGEST_FRAME_LIMIT: usize = 0x1602_ffff;
