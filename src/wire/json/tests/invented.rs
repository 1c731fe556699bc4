//! A protocol that invents what is asked for, so that every generated struct has arbitrary values.

use std::iter::repeat_with;
use thrift::Result;
use thrift::protocol::{
    TFieldIdentifier, TInputProtocol, TListIdentifier, TMapIdentifier, TMessageIdentifier, TMessageType,
    TSetIdentifier, TStructIdentifier, TType,
};

/// Answers every read from these bytes. Generated readers ask for what the id of a field stands for, whatever its type
/// is said to be; when the bytes run out, structs and containers end.
pub(super) struct Invented<'a>(pub(super) &'a [u8]);

/// Beyond ASCII, and what needs an escape.
const LETTERS: [char; 12] =
    ['é', '\u{7ff}', '€', '😀', '\u{10ffff}', '\u{fffd}', '\u{2028}', '"', '\\', '/', '\0', '\n'];
const DOUBLES: [f64; 9] =
    [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324, f64::MIN_POSITIVE, f64::MAX, 1e16, 0.1];

impl Invented<'_> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    fn size(&mut self) -> i32 {
        i32::from(self.byte() % 4)
    }
}

impl TInputProtocol for Invented<'_> {
    fn read_message_begin(&mut self) -> Result<TMessageIdentifier> {
        Ok(TMessageIdentifier::new(self.read_string()?, TMessageType::Call, self.read_i32()?))
    }

    fn read_message_end(&mut self) -> Result<()> {
        Ok(())
    }

    fn read_struct_begin(&mut self) -> Result<Option<TStructIdentifier>> {
        Ok(None)
    }

    fn read_struct_end(&mut self) -> Result<()> {
        Ok(())
    }

    /// No struct of the IDL has more than 15 fields. One that is not known is skipped as a bool.
    fn read_field_begin(&mut self) -> Result<TFieldIdentifier> {
        Ok(match self.byte() {
            0..16 => TFieldIdentifier { name: None, field_type: TType::Stop, id: None },
            other => TFieldIdentifier { name: None, field_type: TType::Bool, id: Some(i16::from(other % 16)) },
        })
    }

    fn read_field_end(&mut self) -> Result<()> {
        Ok(())
    }

    fn read_bool(&mut self) -> Result<bool> {
        Ok(self.byte() % 2 == 1)
    }

    fn read_bytes(&mut self) -> Result<Vec<u8>> {
        let length = self.byte() % 16;
        Ok(repeat_with(|| self.byte()).take(length.into()).collect())
    }

    fn read_i8(&mut self) -> Result<i8> {
        Ok(i8::from_le_bytes(self.bytes()))
    }

    fn read_i16(&mut self) -> Result<i16> {
        Ok(i16::from_le_bytes(self.bytes()))
    }

    fn read_i32(&mut self) -> Result<i32> {
        Ok(i32::from_le_bytes(self.bytes()))
    }

    fn read_i64(&mut self) -> Result<i64> {
        Ok(i64::from_le_bytes(self.bytes()))
    }

    fn read_double(&mut self) -> Result<f64> {
        let special = DOUBLES.get(usize::from(self.byte() % 16)).copied();
        Ok(special.unwrap_or_else(|| f64::from_le_bytes(self.bytes())))
    }

    fn read_uuid(&mut self) -> Result<uuid::Uuid> {
        Ok(uuid::Uuid::from_bytes(self.bytes()))
    }

    fn read_string(&mut self) -> Result<String> {
        let letter = |byte| if byte < 0x80 { char::from(byte) } else { LETTERS[usize::from(byte) % LETTERS.len()] };
        Ok(self.read_bytes()?.into_iter().map(letter).collect())
    }

    fn read_list_begin(&mut self) -> Result<TListIdentifier> {
        Ok(TListIdentifier::new(TType::Bool, self.size()))
    }

    fn read_list_end(&mut self) -> Result<()> {
        Ok(())
    }

    fn read_set_begin(&mut self) -> Result<TSetIdentifier> {
        Ok(TSetIdentifier::new(TType::Bool, self.size()))
    }

    fn read_set_end(&mut self) -> Result<()> {
        Ok(())
    }

    fn read_map_begin(&mut self) -> Result<TMapIdentifier> {
        Ok(TMapIdentifier::new(TType::Bool, TType::Bool, self.size()))
    }

    fn read_map_end(&mut self) -> Result<()> {
        Ok(())
    }

    fn read_byte(&mut self) -> Result<u8> {
        Ok(self.byte())
    }
}
