//! A reader that counts what a message would cost before the generated code allocates it.
//!
//! Generated readers trust counts: a list of 100,000,000 structs asks for gigabytes from six bytes, and four megabytes of
//! zeros become a gigabyte of empty structs. So every read passes through here, where memory and elements are charged to
//! the message; skipped fields too.

use super::announced::Announced;
use super::limits::Limits;
use super::memory::{FREE_BYTES, Held};
use super::message::Refusal;
use crate::telemetry::Reason;
use thrift::protocol::{
    TFieldIdentifier, TInputProtocol, TListIdentifier, TMapIdentifier, TMessageIdentifier, TSetIdentifier,
    TStructIdentifier, TType,
};
use thrift::{ProtocolError, ProtocolErrorKind, Result};

/// What one struct is charged; a test holds every generated struct to it.
pub(super) const STRUCT_BYTES: usize = 1_024;
/// What one string is charged beside its bytes.
pub(super) const STRING_BYTES: usize = 24;

/// The memory of the process is taken in pieces of this size.
const STEP_BYTES: usize = 256 * 1024;

/// `inner`, within a budget, and by the types that it announces.
struct Budgeted<'a, P> {
    inner: P,
    budget: Budget<'a>,
    announced: Announced,
}

/// What one message may cost, and what it has cost so far.
pub(super) struct Budget<'a> {
    elements: usize,
    max_elements: usize,
    depth: usize,
    max_depth: usize,
    bytes: usize,
    max_bytes: usize,
    /// Bytes that are paid for.
    covered: usize,
    held: Option<&'a Held>,
}

impl<'a> Budget<'a> {
    /// The budget of a message of `length` bytes. What it takes beyond what `held` has for it is added there.
    pub(super) fn new(length: usize, limits: &Limits, held: Option<&'a Held>) -> Self {
        let (max_bytes, covered) = (max_bytes(length, limits), covered(length, limits, held));
        let (max_elements, max_depth) = (limits.max_elements, limits.max_depth);
        Self { elements: 0, max_elements, depth: 0, max_depth, bytes: 0, max_bytes, covered, held }
    }

    /// A reader that charges this budget.
    pub(super) fn over<'p, P: TInputProtocol + 'p>(self, inner: P) -> Box<dyn TInputProtocol + 'p>
    where
        'a: 'p,
    {
        Box::new(Budgeted { inner, budget: self, announced: Announced::default() })
    }

    fn charge_bytes(&mut self, bytes: usize) -> Result<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.max_bytes {
            let advice = "send fewer values in one call or raise server.max_decoded_bytes";
            let message = format!("the message takes more than {} bytes when it is decoded; {advice}", self.max_bytes);
            return over(Reason::DecodedBytes, message);
        }
        while self.bytes > self.covered {
            if !self.held.is_none_or(|held| held.try_grow(STEP_BYTES)) {
                return over(Reason::Memory, "the server holds as many bytes as it may".into());
            }
            self.covered += STEP_BYTES;
        }
        Ok(())
    }

    fn shallower(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Structs and containers count alike, in fields that are known and in those that are skipped.
    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth <= self.max_depth {
            return Ok(());
        }
        let message = format!("the message is nested deeper than {} levels", self.max_depth);
        Err(thrift::Error::Protocol(ProtocolError { kind: ProtocolErrorKind::DepthLimit, message }))
    }

    fn charge_elements(&mut self, count: i32) -> Result<()> {
        self.elements = self.elements.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
        if self.elements <= self.max_elements {
            return Ok(());
        }
        let message = format!(
            "the containers of the message have {} elements or more and the limit is {}; send numbers as tensors, or fewer of them",
            self.elements, self.max_elements
        );
        over(Reason::Elements, message)
    }
}

fn max_bytes(length: usize, limits: &Limits) -> usize {
    length.saturating_mul(4).saturating_add(limits.max_decoded_bytes)
}

/// What decoding a message of `length` bytes may take without asking for more.
pub(super) fn covered(length: usize, limits: &Limits, held: Option<&Held>) -> usize {
    // What is free of charge comes on top, so that a message which has paid for its values needs no more for its structs.
    let paid = held.map(|held| held.bytes().saturating_sub(length) + FREE_BYTES);
    paid.unwrap_or(usize::MAX).min(max_bytes(length, limits))
}

/// A refusal goes through the library as it is.
fn over(reason: Reason, message: String) -> Result<()> {
    Err(thrift::Error::User(Box::new(Refusal::beyond(reason, message))))
}

/// A text can be as long as the message and no longer, so that a length beyond it is no limit that is reached, but a lie.
fn length_error(error: thrift::Error) -> thrift::Error {
    match error {
        thrift::Error::Protocol(error) if error.kind == ProtocolErrorKind::SizeLimit => {
            thrift::Error::Protocol(ProtocolError { kind: ProtocolErrorKind::InvalidData, ..error })
        }
        other => other,
    }
}

impl<P: TInputProtocol> TInputProtocol for Budgeted<'_, P> {
    fn read_struct_begin(&mut self) -> Result<Option<TStructIdentifier>> {
        self.announced.enter_struct()?;
        self.budget.charge_bytes(STRUCT_BYTES)?;
        self.budget.deeper()?;
        self.inner.read_struct_begin()
    }

    fn read_bytes(&mut self) -> Result<Vec<u8>> {
        self.announced.value(TType::String)?;
        let bytes = self.inner.read_bytes().map_err(length_error)?;
        self.budget.charge_bytes(STRING_BYTES + bytes.len())?;
        Ok(bytes)
    }

    fn read_string(&mut self) -> Result<String> {
        self.announced.value(TType::String)?;
        let text = self.inner.read_string().map_err(length_error)?;
        self.budget.charge_bytes(STRING_BYTES + text.len())?;
        Ok(text)
    }

    fn read_list_begin(&mut self) -> Result<TListIdentifier> {
        self.announced.value(TType::List)?;
        let list = self.inner.read_list_begin()?;
        self.announced.enter_elements(list.element_type);
        self.budget.charge_elements(list.size)?;
        self.budget.deeper()?;
        Ok(list)
    }

    fn read_set_begin(&mut self) -> Result<TSetIdentifier> {
        self.announced.value(TType::Set)?;
        let set = self.inner.read_set_begin()?;
        self.announced.enter_elements(set.element_type);
        self.budget.charge_elements(set.size)?;
        self.budget.deeper()?;
        Ok(set)
    }

    fn read_map_begin(&mut self) -> Result<TMapIdentifier> {
        self.announced.value(TType::Map)?;
        let map = self.inner.read_map_begin()?;
        self.announced.enter_pairs(map.key_type, map.value_type);
        self.budget.charge_elements(map.size)?;
        self.budget.deeper()?;
        Ok(map)
    }

    fn read_message_begin(&mut self) -> Result<TMessageIdentifier> {
        self.inner.read_message_begin().map_err(length_error) // It begins with a name.
    }

    fn read_message_end(&mut self) -> Result<()> {
        self.inner.read_message_end()
    }

    fn read_struct_end(&mut self) -> Result<()> {
        self.budget.shallower();
        self.announced.leave();
        self.inner.read_struct_end()
    }

    fn read_field_begin(&mut self) -> Result<TFieldIdentifier> {
        let field = self.inner.read_field_begin()?;
        self.announced.field(field.field_type);
        Ok(field)
    }

    fn read_field_end(&mut self) -> Result<()> {
        self.inner.read_field_end()
    }

    fn read_bool(&mut self) -> Result<bool> {
        self.announced.value(TType::Bool)?;
        self.inner.read_bool()
    }

    fn read_i8(&mut self) -> Result<i8> {
        self.announced.value(TType::I08)?;
        self.inner.read_i8()
    }

    fn read_i16(&mut self) -> Result<i16> {
        self.announced.value(TType::I16)?;
        self.inner.read_i16()
    }

    fn read_i32(&mut self) -> Result<i32> {
        self.announced.value(TType::I32)?;
        self.inner.read_i32()
    }

    fn read_i64(&mut self) -> Result<i64> {
        self.announced.value(TType::I64)?;
        self.inner.read_i64()
    }

    fn read_double(&mut self) -> Result<f64> {
        self.announced.value(TType::Double)?;
        self.inner.read_double()
    }

    fn read_uuid(&mut self) -> Result<uuid::Uuid> {
        self.announced.value(TType::Uuid)?;
        self.inner.read_uuid()
    }

    fn read_list_end(&mut self) -> Result<()> {
        self.budget.shallower();
        self.announced.leave();
        self.inner.read_list_end()
    }

    fn read_set_end(&mut self) -> Result<()> {
        self.budget.shallower();
        self.announced.leave();
        self.inner.read_set_end()
    }

    fn read_map_end(&mut self) -> Result<()> {
        self.budget.shallower();
        self.announced.leave();
        self.inner.read_map_end()
    }

    fn skip_binary(&mut self) -> Result<()> {
        self.announced.value(TType::String)?;
        self.inner.skip_binary().map_err(length_error)
    }

    fn read_byte(&mut self) -> Result<u8> {
        self.inner.read_byte()
    }

    fn min_serialized_size(&self, field_type: TType) -> usize {
        self.inner.min_serialized_size(field_type)
    }
}

#[cfg(test)]
mod tests {
    use super::STRUCT_BYTES;
    use crate::telemetry::Reason;
    use crate::wire::message::decode;
    use crate::wire::{Envelope, Format, Limits, Memory, Message, Protocol, Transport};
    use crate::wire::{datasets, health, inference, models, training, types};
    use std::sync::Arc;

    macro_rules! sizes {
        ($($module:ident { $($name:ident)* })*) => { [$($((stringify!($name), size_of::<$module::$name>()),)*)*] };
    }

    #[test]
    fn no_struct_that_a_list_can_hold_is_larger_than_what_it_is_charged() {
        let sizes = sizes! {
            types { RequestContext ServiceError Tensor Column Table ColumnSchema Parameter Step }
            health { ModelStatus Limits MethodDescription ParameterDescription AlgorithmDescription DescribeResponse }
            inference { PredictRequest PredictResponse PredictItem PredictOutcome }
            models { Alias ModelSchema ModelVersion ModelSummary SetAliasRequest }
            training { Job JobEvent TrainRequest WatchJobResponse }
            datasets { Dataset ColumnStatistics AppendRowsRequest }
        };
        for (name, size) in sizes {
            assert!(size <= STRUCT_BYTES, "{name} has {size} bytes; raise STRUCT_BYTES");
        }
    }

    #[tokio::test]
    async fn a_message_that_holds_twice_its_bytes_is_decoded_though_nothing_is_left_for_others() {
        let payload = vec![7; 1_000_000];
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = b"\x80\x01\0\x01\0\0\0\x04echo\0\0\0\0\x0c\0\x01\x0b\0\x02";
        let body = [&head[..], &length, &payload, &[0, 0]].concat();
        let memory = Memory::new(2 * body.len());
        let held = memory.account().take(2 * body.len()).await;
        assert!(!held.try_grow(1));

        let format = Format { transport: Transport::Framed, protocol: Protocol::Binary };
        let message = Message::new(format, Envelope::Framed, body.into());
        let message = Message { held: Some(Arc::new(held)), ..message };
        let request: health::EchoRequest = decode(&message, &Limits::default()).unwrap();

        assert_eq!(request.payload.unwrap(), payload);
    }

    /// The reason for which a `predict` with these fields is refused.
    fn reason(fields: &[u8]) -> Reason {
        let body = [b"\x80\x01\0\x01\0\0\0\x07predict\0\0\0\0\x0c\0\x01", fields].concat();
        let format = Format { transport: Transport::Framed, protocol: Protocol::Binary };
        let limits = Limits { max_elements: 10, max_decoded_bytes: 4_000, ..Limits::default() };
        let message = Message::new(format, Envelope::Framed, body.into());
        decode::<inference::PredictRequest>(&message, &limits).unwrap_err().reason
    }

    #[test]
    fn what_is_refused_is_counted_under_the_limit_that_it_passed() {
        let columns = |count: u8| [&b"\x0c\0\x04\x0f\0\x01\x0c\0\0\0"[..], &[count], &[0; 40]].concat();

        assert_eq!(reason(&columns(10)), Reason::DecodedBytes);
        assert_eq!(reason(&columns(11)), Reason::Elements);
        assert_eq!(reason(b"\x0b\0\x02\x7f\xff\xff\xff"), Reason::Malformed, "a text that cannot be there");
    }
}
