//! Which bodies are Thrift.

/// The media types of Thrift messages. They route a request; which protocol it is in, its first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// `application/x-thrift`: every library of Apache but the one for browsers, whatever the protocol.
    Thrift,
    /// `application/vnd.apache.thrift.binary`, as it is registered with IANA.
    Binary,
    /// `application/vnd.apache.thrift.compact`, likewise.
    Compact,
    /// `application/vnd.apache.thrift.json`: Apache's JavaScript in a browser.
    Json,
}

/// What is told to whom posts something else.
pub const POSTED: &str =
    "a message has the content type application/x-thrift, and nothing without one of Thrift's is taken here\n";

const TYPES: &[(ContentType, &str)] = &[
    (ContentType::Thrift, "application/x-thrift"),
    (ContentType::Binary, "application/vnd.apache.thrift.binary"),
    (ContentType::Compact, "application/vnd.apache.thrift.compact"),
    (ContentType::Json, "application/vnd.apache.thrift.json"),
];

impl ContentType {
    /// By the value of the header; parameters such as `charset` say nothing.
    ///
    /// A request without one carries no Thrift: a browser sends such a request, and one of `text/plain`, to any server for
    /// any web page without asking that server first, but it asks before it sends these.
    pub(crate) fn of(header: Option<&str>) -> Option<Self> {
        let media_type = header?.split(';').next()?.trim();
        TYPES.iter().find(|(_, name)| name.eq_ignore_ascii_case(media_type)).map(|(it, _)| *it)
    }

    /// The value of the header.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Thrift => "application/x-thrift",
            Self::Binary => "application/vnd.apache.thrift.binary",
            Self::Compact => "application/vnd.apache.thrift.compact",
            Self::Json => "application/vnd.apache.thrift.json; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_libraries_of_apache_send_is_thrift() {
        for (value, expected) in [
            ("application/x-thrift", ContentType::Thrift),
            ("application/x-thrift; charset=binary", ContentType::Thrift),
            ("Application/X-Thrift", ContentType::Thrift),
            ("application/vnd.apache.thrift.json; charset=utf-8", ContentType::Json),
            ("application/vnd.apache.thrift.json", ContentType::Json),
            ("application/vnd.apache.thrift.binary", ContentType::Binary),
            ("application/vnd.apache.thrift.compact ;q=1", ContentType::Compact),
        ] {
            assert_eq!(ContentType::of(Some(value)), Some(expected), "{value}");
        }
    }

    #[test]
    fn what_a_web_page_can_send_to_any_server_unasked_is_not_thrift() {
        for value in [
            None,
            Some(""),
            Some("text/plain"),
            Some("text/plain; application/x-thrift"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data"),
        ] {
            assert!(ContentType::of(value).is_none(), "{value:?}");
        }
    }

    #[test]
    fn an_answer_in_the_type_of_its_request_is_of_that_type() {
        for (content_type, _) in TYPES {
            assert_eq!(ContentType::of(Some(content_type.header())), Some(*content_type));
        }
    }
}
