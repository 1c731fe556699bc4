//! The whole protocol, beneath the budget as it is used.

mod golden;
mod hostile;
mod invented;
mod laws;

use super::JsonWriter;
use crate::wire::{Limits, Protocol};
use thrift::protocol::{TInputProtocol, TMessageIdentifier, TMessageType, TOutputProtocol, TSerializable};

fn reader(bytes: &[u8]) -> Box<dyn TInputProtocol + '_> {
    Protocol::Json.reader(bytes, &Limits::default(), None)
}

/// A call whose arguments are this struct.
fn write_message<T: TSerializable>(writer: &mut dyn TOutputProtocol, value: &T) -> thrift::Result<()> {
    writer.write_message_begin(&TMessageIdentifier::new("predict", TMessageType::Call, 0))?;
    value.write_to_out_protocol(writer)?;
    writer.write_message_end()
}

fn read_message<T: TSerializable>(reader: &mut dyn TInputProtocol) -> thrift::Result<T> {
    reader.read_message_begin()?;
    let value = T::read_from_in_protocol(reader)?;
    reader.read_message_end()?;
    Ok(value)
}

fn json<T: TSerializable>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_message(&mut JsonWriter::new(&mut bytes), value).unwrap();
    bytes
}
