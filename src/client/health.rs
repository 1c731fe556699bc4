//! Who is there, what can it do, how is it.

use super::{Client, Greeting, ServerDescription, ServerStatus};
use crate::error::Result;
use crate::wire::convert;
use crate::wire::health::{DescribeRequest, EchoRequest, HelloRequest, StatusRequest};
use crate::wire::services::HealthClient;
use bytes::Bytes;

impl Client {
    /// Greets `name`, or the world.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::error::Code) for a name of more than 256 characters.
    pub async fn hello(&self, name: Option<&str>) -> Result<Greeting> {
        let answer = self.call(|exchange, context| async move {
            HealthClient(&*exchange).hello(HelloRequest { context, name: name.map(Into::into) }).await
        });
        answer.await.map(convert::greeting_from)
    }

    /// How the server and each model is.
    ///
    /// # Errors
    /// Only those of every call: the server cannot be reached, or does not answer in time.
    pub async fn status(&self) -> Result<ServerStatus> {
        let answer = self
            .call(|exchange, context| async move { HealthClient(&*exchange).status(StatusRequest { context }).await });
        self.plain(convert::status_from(answer.await?))
    }

    /// Version, limits, methods and algorithms of the server.
    ///
    /// # Errors
    /// Only those of every call.
    pub async fn describe(&self) -> Result<ServerDescription> {
        let answer = self.call(|exchange, context| async move {
            HealthClient(&*exchange).describe(DescribeRequest { context }).await
        });
        self.plain(convert::description_from(answer.await?))
    }

    /// What was sent, sent back: for measuring latency and bandwidth.
    ///
    /// # Errors
    /// Only those of every call.
    pub async fn echo(&self, payload: &[u8]) -> Result<Vec<u8>> {
        self.echo_as(payload, None).await
    }

    /// `reply_bytes` zeros, or what was sent if that is `None`.
    pub(super) async fn echo_as(&self, payload: &[u8], reply_bytes: Option<usize>) -> Result<Vec<u8>> {
        let reply_bytes = reply_bytes.and_then(|bytes| i64::try_from(bytes).ok());
        let answer = self.call(|exchange, context| async move {
            let request = EchoRequest { context, payload: Some(Bytes::copy_from_slice(payload)), reply_bytes };
            HealthClient(&*exchange).echo(request).await
        });
        Ok(answer.await?.payload.unwrap_or_default().into())
    }
}
