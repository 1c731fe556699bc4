package io.modelwire.client;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import javax.net.ssl.SSLException;

/** Why TLS failed and what to do about it, in place of what the JDK says. */
final class TlsFailures {
    /** How the JDK begins to say why the other side gave up; it has no type for that. */
    private static final String ALERT = "Received fatal alert: ";
    private static final String TRUST = "give tls(…) the authority that signed it: Tls.trusting(…)";

    /** What happened, after the name of the server; what to do. */
    record Explanation(String what, String hint) {
    }

    private TlsFailures() {
    }

    /** Whether it is TLS that failed, and would again. */
    static boolean isCauseOf(Throwable failure) {
        return causeOf(failure, SSLException.class) != null;
    }

    /** {@code failure} is one that {@link #isCauseOf} knows. */
    static Explanation of(Throwable failure, Address address) {
        if (causeOf(failure, CertificateExpiredException.class) != null) {
            return new Explanation("its certificate has expired", "renew it, or set the clock of this machine");
        }
        if (causeOf(failure, CertificateNotYetValidException.class) != null) {
            return new Explanation("its certificate is not valid yet", "set the clocks of server and client");
        }
        if (causeOf(failure, CertPathBuilderException.class) != null) {
            return new Explanation("its certificate is signed by nobody whom this client trusts", TRUST);
        }
        var invalid = causeOf(failure, CertPathValidatorException.class);
        if (invalid != null) {
            return new Explanation("its certificate is not valid: " + invalid.getMessage(), TRUST);
        }
        var refused = causeOf(failure, CertificateException.class);
        if (refused != null) {
            return new Explanation("its certificate is not good for \"" + address.host() + "\": " + refused.getMessage(),
                    "connect by a name that stands in the certificate, or have one issued for this name");
        }
        return ofPeer(causeOf(failure, SSLException.class).getMessage());
    }

    private static Explanation ofPeer(String message) {
        int at = message == null ? -1 : message.indexOf(ALERT);
        if (at < 0) {
            return new Explanation("no TLS: " + message, "does this port speak TLS?");
        }
        var alert = message.substring(at + ALERT.length());
        return switch (alert) {
            case "certificate_required" ->
                    new Explanation("it wants a certificate of this client", "show one: Tls.withCertificate(…)");
            case "bad_certificate", "certificate_unknown", "unknown_ca", "certificate_expired", "certificate_revoked",
                    "unsupported_certificate", "decrypt_error", "access_denied" ->
                    new Explanation("it refused the certificate of this client (alert " + alert + ")",
                            "show one that is valid and signed by an authority that the server trusts");
            default -> new Explanation("it ended TLS with the alert " + alert, "the server's log may say more");
        };
    }

    private static <T extends Throwable> T causeOf(Throwable failure, Class<T> type) {
        for (var cause = failure; cause != null; cause = cause.getCause()) {
            if (type.isInstance(cause)) {
                return type.cast(cause);
            }
        }
        return null;
    }
}
