package modelwire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
)

// Alerts by which a peer says what it holds against the other one's certificate: RFC 8446, section 6.2.
const alertCertificateRequired tls.AlertError = 116

var certificateAlerts = map[tls.AlertError]string{
	42: "bad",
	43: "unsupported",
	44: "revoked",
	45: "expired",
	46: "not acceptable",
	48: "signed by an unknown authority",
	49: "valid but denied",
	51: "not signed by the authority that it names",
}

// checkTLS refuses a configuration under which a certificate proves nothing.
func checkTLS(config *tls.Config, address address) error {
	switch {
	case config == nil:
		return nil
	case config.InsecureSkipVerify:
		refused := invalid("InsecureSkipVerify takes any certificate, also that of somebody in between")
		refused.Hint = "pass the authority that signed the server's certificate in RootCAs of the tls.Config instead"
		return refused
	case config.ServerName == "" && address.host == "":
		refused := invalid("%s has no host that a certificate could name", address.text)
		refused.Hint = "put a name of the server's certificate into ServerName of the tls.Config"
		return refused
	}
	return nil
}

// secured is a private copy of a configuration, with the name that the server's certificate has to have.
func secured(config *tls.Config, address address) *tls.Config {
	if config == nil {
		return nil
	}
	own := config.Clone()
	if own.ServerName == "" {
		own.ServerName = address.host
	}
	// A ticket to resume by would arrive unasked, and an idle connection on which something has arrived is not used again.
	own.ClientSessionCache = nil
	return own
}

// unsecured is the error of a handshake that failed.
func unsecured(address address, config *tls.Config, err error) *Error {
	if refused := refusal(err); refused != nil {
		return refused
	}
	unverified := new(tls.CertificateVerificationError)
	message, hint := whyUnsecured(address, config, err)
	return &Error{
		Code: ErrUnavailable, Message: message, Hint: hint, Execution: NotExecuted,
		cause: err, lasting: errors.As(err, &unverified),
	}
}

func whyUnsecured(address address, config *tls.Config, err error) (message, hint string) {
	var (
		noTLS     tls.RecordHeaderError
		stranger  x509.UnknownAuthorityError
		otherName x509.HostnameError
		unfit     x509.CertificateInvalidError
		slow      net.Error
	)
	switch {
	case errors.As(err, &stranger):
		return fmt.Sprintf("the certificate of %s is signed by no authority that is trusted here", address.text),
			"pass the authority that signed it in RootCAs of the tls.Config"
	case errors.As(err, &otherName):
		return fmt.Sprintf("the certificate of %s is not one of %q: %v", address.text, config.ServerName, otherName),
			"dial a name that it has, or put one into ServerName of the tls.Config"
	case errors.As(err, &unfit):
		return fmt.Sprintf("the certificate of %s is not valid: %v", address.text, unfit),
			"renew it if it is out of date, and see that this machine's clock is right"
	case errors.As(err, &noTLS):
		return address.text + " does not speak TLS",
			"start the server with --tls-certificate and --tls-key, or leave modelwire.WithTLS out"
	case hungUp(err):
		return address.text + " closed the connection when asked for TLS",
			"see that the server was started with --tls-certificate and --tls-key, or leave modelwire.WithTLS out"
	case errors.As(err, &slow) && slow.Timeout():
		return address.text + " did not complete the TLS handshake in time",
			"see whether it speaks TLS; modelwire.WithConnectTimeout allows more time"
	}
	return fmt.Sprintf("no TLS with %s: %v", address.text, err), "the server's log says why it refused"
}

// hungUp: the peer closed the connection, with a reset if it had not read all.
func hungUp(err error) bool {
	socket := new(net.OpError)
	return errors.Is(err, io.EOF) || errors.As(err, &socket) && !socket.Timeout() && (socket.Op == "read" || socket.Op == "write")
}

// refusal is the error of a server that does not take the client's certificate, or wants one; nil if err says something else.
// In TLS 1.3 it comes after the handshake, in place of the first reply.
func refusal(err error) *Error {
	said := new(net.OpError)
	if !errors.As(err, &said) || said.Op != "remote error" {
		return nil
	}
	refused := &Error{Code: ErrUnauthenticated, Execution: NotExecuted, cause: err}
	// The type of these alerts is not exported. Their texts are those of tls.AlertError.
	if said.Err.Error() == alertCertificateRequired.Error() {
		refused.Message = "the server takes only clients that show a certificate, and got none"
		refused.Hint = "put one that an authority of its tls.client_ca has signed into Certificates of the tls.Config"
		return refused
	}
	for alert, what := range certificateAlerts {
		if said.Err.Error() == alert.Error() {
			refused.Message = "the server refused the client's certificate: it is " + what
			refused.Hint = "show one that is in date, made for clients, and signed by an authority of the server's tls.client_ca"
			return refused
		}
	}
	return nil
}
