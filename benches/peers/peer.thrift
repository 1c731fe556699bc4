/** What the Thrift peers serve. */

namespace rs peer

service Peer {
  /** Sends the payload back. */
  binary echo(1: binary payload)

  /** Answers one prediction for each row of 16 numbers; the rows one after the other. */
  list<double> predict(1: list<double> rows)
}
