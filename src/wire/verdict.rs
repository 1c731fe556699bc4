//! What a reply says, for a caller that has no use for what is in it.

use super::convert;
use super::limits::Limits;
use super::message::{Refusal, guard};
use super::protocol::Format;
use super::types::ServiceError;
use crate::error::Error;
use thrift::protocol::{TInputProtocol, TMessageType, TSerializable, TType};

/// How a call ended.
#[derive(Debug)]
pub enum Verdict {
    /// It has an answer, which was not decoded.
    Answered,
    /// The server says what went wrong.
    Failed(Error),
}

/// Reads of a reply how its call ended.
///
/// # Errors
/// A [`Refusal`] for what is no reply.
pub fn verdict(format: Format, body: &[u8]) -> Result<Verdict, Refusal> {
    let limits = Limits { max_frame_bytes: body.len(), ..Limits::default() };
    let mut reader = format.protocol.reader(body, &limits, None);
    guard(|| read(&mut *reader))
}

fn read(reader: &mut dyn TInputProtocol) -> thrift::Result<Verdict> {
    match reader.read_message_begin()?.message_type {
        TMessageType::Reply => {}
        TMessageType::Exception => {
            let error = thrift::Error::read_application_error_from_in_protocol(reader)?;
            return Ok(Verdict::Failed(convert::application_error(error)));
        }
        other => return Err(format!("message type {other:?} is not a reply").into()),
    }
    reader.read_struct_begin()?;
    let field = reader.read_field_begin()?;
    match (field.field_type, field.id) {
        (TType::Struct, Some(0)) => Ok(Verdict::Answered),
        (TType::Struct, Some(1)) => {
            ServiceError::read_from_in_protocol(reader).map(|error| Verdict::Failed(convert::received_error(error)))
        }
        _ => Err("it has neither a result nor an error".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::inference::PredictResponse;
    use super::super::message::{encode, write_single};
    use super::super::protocol::{Protocol, Transport};
    use super::*;
    use crate::error::Code;
    use thrift::protocol::TMessageIdentifier;
    use thrift::{ApplicationError, ApplicationErrorKind};

    const PROTOCOLS: [Protocol; 3] = [Protocol::Binary, Protocol::Compact, Protocol::Json];

    fn judged<T: TSerializable>(
        protocol: Protocol,
        kind: TMessageType,
        field: i16,
        value: &T,
    ) -> Result<Verdict, Refusal> {
        let format = Format { transport: Transport::Unframed, protocol };
        let identifier = TMessageIdentifier::new("predict", kind, 7);
        let reply = encode(format, &identifier, |writer| write_single(writer, ("it", field), value)).unwrap();
        verdict(format, &reply)
    }

    #[test]
    fn an_answer_is_told_from_an_error_in_every_protocol() {
        let late = convert::service_error(&Error::TooLate, "r1");
        for protocol in PROTOCOLS {
            let answer = judged::<PredictResponse>(protocol, TMessageType::Reply, 0, &crate::wire::empty());
            let error = judged(protocol, TMessageType::Reply, 1, &late);

            assert!(matches!(answer, Ok(Verdict::Answered)), "{protocol:?}: {answer:?}");
            let Ok(Verdict::Failed(error)) = error else { panic!("{protocol:?}: {error:?}") };
            assert_eq!(error.code(), Code::DeadlineExceeded);
        }
    }

    #[test]
    fn an_application_exception_is_an_error() {
        let format = Format { transport: Transport::Unframed, protocol: Protocol::Compact };
        let identifier = TMessageIdentifier::new("predict", TMessageType::Exception, 7);
        let error = ApplicationError::new(ApplicationErrorKind::UnknownMethod, "x");
        let write = |writer: &mut dyn thrift::protocol::TOutputProtocol| {
            thrift::Error::write_application_error_to_out_protocol(&error, writer)
        };

        let judged = verdict(format, &encode(format, &identifier, write).unwrap());

        assert!(matches!(&judged, Ok(Verdict::Failed(error)) if error.code() == Code::InvalidArgument), "{judged:?}");
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for protocol in PROTOCOLS {
            let call = judged::<PredictResponse>(protocol, TMessageType::Call, 0, &crate::wire::empty());
            let other = judged::<PredictResponse>(protocol, TMessageType::Reply, 2, &crate::wire::empty());

            assert!(call.is_err() && other.is_err(), "{protocol:?}: {call:?}, {other:?}");
        }
        let format = Format { transport: Transport::Unframed, protocol: Protocol::Binary };
        assert!(verdict(format, b"").is_err());
    }
}
