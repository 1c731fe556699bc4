//! What a command speaks with its server.

use crate::client::{Protocol, Transport};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// The format of calls and replies. A server tells it by the first bytes, so that any will do.
#[derive(clap::Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Wire format")]
pub(super) struct WireFormat {
    /// How messages become a stream.
    #[arg(long, global = true, env = "MODELWIRE_TRANSPORT", default_value = "header", value_parser = named(TRANSPORTS))]
    pub(super) transport: Transport,
    /// How values become bytes.
    #[arg(long, global = true, env = "MODELWIRE_PROTOCOL", default_value = "compact", value_parser = named(PROTOCOLS))]
    pub(super) protocol: Protocol,
}

/// A name, what it stands for, and what it is.
type Named<T> = (&'static str, T, &'static str);

const TRANSPORTS: &[Named<Transport>] = &[
    ("header", Transport::Header, "THeader: with headers beside each message"),
    ("framed", Transport::Framed, "each message after its length"),
    ("unframed", Transport::Unframed, "one message after the other"),
    ("http", Transport::Http, "HTTP/1.1, for what may stand between"),
    ("ttheader", Transport::TtHeader, "TTHeader: the header of Kitex and volo"),
];

const PROTOCOLS: &[Named<Protocol>] = &[
    ("compact", Protocol::Compact, "the smallest"),
    ("binary", Protocol::Binary, "what every library speaks"),
    ("json", Protocol::Json, "the JSON of Thrift, for people who watch; not with a header"),
];

fn named<T: Copy + Send + Sync + 'static>(names: &'static [Named<T>]) -> impl TypedValueParser<Value = T> {
    let values = names.iter().map(|(name, _, what)| PossibleValue::new(*name).help(*what));
    PossibleValuesParser::new(values).try_map(|text| {
        let found = names.iter().find(|(name, ..)| *name == text).map(|(_, value, _)| *value);
        found.ok_or("it is none of the names")
    })
}
