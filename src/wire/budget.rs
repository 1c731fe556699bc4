//! A reader that counts what a message would cost before the generated code allocates it.
//!
//! Generated readers trust counts: a list of 100,000,000 structs asks for gigabytes from six bytes, and four megabytes of
//! zeros become a gigabyte of empty structs. So every read passes through here, where memory and elements are charged to
//! the message; skipped fields too.

use super::limits::Limits;
use thrift::protocol::{
    TFieldIdentifier, TInputProtocol, TListIdentifier, TMapIdentifier, TMessageIdentifier, TSetIdentifier,
    TStructIdentifier, TType,
};
use thrift::{ProtocolError, ProtocolErrorKind, Result};

/// What one struct is charged; a test holds every generated struct to it.
pub(super) const STRUCT_BYTES: usize = 768;
/// What one string is charged beside its bytes.
const STRING_BYTES: usize = 24;

/// `inner`, within a budget.
pub(super) struct Budgeted<P> {
    inner: P,
    elements: usize,
    max_elements: usize,
    bytes: usize,
    max_bytes: usize,
}

impl<P> Budgeted<P> {
    /// The budget of a message of these `bytes`.
    pub(super) fn new(inner: P, bytes: &[u8], limits: &Limits) -> Self {
        let max_bytes = bytes.len().saturating_mul(4).saturating_add(limits.max_decoded_bytes);
        Self { inner, elements: 0, max_elements: limits.max_elements, bytes: 0, max_bytes }
    }

    fn charge_bytes(&mut self, bytes: usize) -> Result<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= self.max_bytes {
            return Ok(());
        }
        over(format!(
            "the message takes more than {} bytes when it is decoded; send fewer values in one call",
            self.max_bytes
        ))
    }

    fn charge_elements(&mut self, count: i32) -> Result<()> {
        self.elements = self.elements.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
        if self.elements <= self.max_elements {
            return Ok(());
        }
        over(format!(
            "the containers of the message have {} elements or more and the limit is {}; send numbers as tensors, or fewer of them",
            self.elements, self.max_elements
        ))
    }
}

fn over(message: String) -> Result<()> {
    Err(thrift::Error::Protocol(ProtocolError { kind: ProtocolErrorKind::SizeLimit, message }))
}

impl<P: TInputProtocol> TInputProtocol for Budgeted<P> {
    fn read_struct_begin(&mut self) -> Result<Option<TStructIdentifier>> {
        self.charge_bytes(STRUCT_BYTES)?;
        self.inner.read_struct_begin()
    }

    fn read_bytes(&mut self) -> Result<Vec<u8>> {
        let bytes = self.inner.read_bytes()?;
        self.charge_bytes(STRING_BYTES + bytes.len())?;
        Ok(bytes)
    }

    fn read_string(&mut self) -> Result<String> {
        let text = self.inner.read_string()?;
        self.charge_bytes(STRING_BYTES + text.len())?;
        Ok(text)
    }

    fn read_list_begin(&mut self) -> Result<TListIdentifier> {
        let list = self.inner.read_list_begin()?;
        self.charge_elements(list.size)?;
        Ok(list)
    }

    fn read_set_begin(&mut self) -> Result<TSetIdentifier> {
        let set = self.inner.read_set_begin()?;
        self.charge_elements(set.size)?;
        Ok(set)
    }

    fn read_map_begin(&mut self) -> Result<TMapIdentifier> {
        let map = self.inner.read_map_begin()?;
        self.charge_elements(map.size)?;
        Ok(map)
    }

    fn read_message_begin(&mut self) -> Result<TMessageIdentifier> {
        self.inner.read_message_begin()
    }

    fn read_message_end(&mut self) -> Result<()> {
        self.inner.read_message_end()
    }

    fn read_struct_end(&mut self) -> Result<()> {
        self.inner.read_struct_end()
    }

    fn read_field_begin(&mut self) -> Result<TFieldIdentifier> {
        self.inner.read_field_begin()
    }

    fn read_field_end(&mut self) -> Result<()> {
        self.inner.read_field_end()
    }

    fn read_bool(&mut self) -> Result<bool> {
        self.inner.read_bool()
    }

    fn read_i8(&mut self) -> Result<i8> {
        self.inner.read_i8()
    }

    fn read_i16(&mut self) -> Result<i16> {
        self.inner.read_i16()
    }

    fn read_i32(&mut self) -> Result<i32> {
        self.inner.read_i32()
    }

    fn read_i64(&mut self) -> Result<i64> {
        self.inner.read_i64()
    }

    fn read_double(&mut self) -> Result<f64> {
        self.inner.read_double()
    }

    fn read_uuid(&mut self) -> Result<uuid::Uuid> {
        self.inner.read_uuid()
    }

    fn read_list_end(&mut self) -> Result<()> {
        self.inner.read_list_end()
    }

    fn read_set_end(&mut self) -> Result<()> {
        self.inner.read_set_end()
    }

    fn read_map_end(&mut self) -> Result<()> {
        self.inner.read_map_end()
    }

    fn skip_binary(&mut self) -> Result<()> {
        self.inner.skip_binary()
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
    use crate::wire::{datasets, health, inference, models, training, types};

    macro_rules! sizes {
        ($($module:ident { $($name:ident)* })*) => { [$($((stringify!($name), size_of::<$module::$name>()),)*)*] };
    }

    #[test]
    fn no_struct_that_a_list_can_hold_is_larger_than_what_it_is_charged() {
        let sizes = sizes! {
            types { RequestContext ServiceError Tensor Column Table ColumnSchema Parameter Step }
            health { ModelStatus Limits MethodDescription ParameterDescription AlgorithmDescription DescribeResponse }
            inference { PredictRequest PredictResponse }
            models { Alias ModelSchema ModelVersion ModelSummary SetAliasRequest }
            training { Job JobEvent TrainRequest WatchJobResponse }
            datasets { Dataset ColumnStatistics AppendRowsRequest }
        };
        for (name, size) in sizes {
            assert!(size <= STRUCT_BYTES, "{name} has {size} bytes; raise STRUCT_BYTES");
        }
    }
}
