//! TLS as it is set: in the section `[tls]` for a server, by flags and environment for a command that calls one.

use super::Failure;
use super::settings::Tls;
use crate::error::Result;
use crate::tls::{self, Authorities, ClientFiles, ClientTls, IdentityFiles, ServerFiles, ServerTls};
use clap::builder::BoolishValueParser;
use serde::Deserialize;
use std::path::PathBuf;

/// Whether clients are asked for a certificate.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ClientCertificates {
    /// They are not asked.
    #[default]
    Off,
    /// They are asked and may show none.
    Optional,
    /// Who shows none is refused.
    Required,
}

impl Tls {
    /// The settings that make no sense beside each other, a sentence each.
    pub(super) fn faults(&self) -> Vec<String> {
        let asked = self.client_certificates.unwrap_or_default() != ClientCertificates::Off;
        let (certificate, key, client_ca) = (self.certificate.is_some(), self.key.is_some(), self.client_ca.is_some());
        let without = |what: &str| format!("{what} without TLS; set tls.certificate and tls.key, or leave it out");
        let faults = [
            (key && !certificate).then(|| "tls.key is set and tls.certificate is not; TLS takes both".into()),
            (certificate && !key).then(|| "tls.certificate is set and tls.key is not; TLS takes both".into()),
            (client_ca && !asked).then(|| {
                "tls.client_ca is set and tls.client_certificates is off; set that to optional or required".into()
            }),
            (asked && !client_ca).then(|| {
                "tls.client_certificates asks for some and tls.client_ca is not set; name the file of who signs them".into()
            }),
            (asked && !certificate && !key).then(|| without("tls.client_certificates asks for some")),
            (self.only == Some(true) && !certificate && !key).then(|| without("tls.only is true")),
        ];
        faults.into_iter().flatten().collect()
    }

    /// Whether plain connections are closed. They could show no certificate, so that to require one is to close them, unless
    /// it is said otherwise.
    pub(super) fn is_only(&self) -> bool {
        self.only.unwrap_or(self.client_certificates == Some(ClientCertificates::Required))
    }

    /// The TLS of the server, if it has one; the settings are those that [`Tls::faults`] has nothing against.
    ///
    /// # Errors
    /// As [`ServerTls::load`].
    pub(super) fn load(&self) -> Result<Option<ServerTls>> {
        self.files().map(ServerTls::load).transpose()
    }

    fn files(&self) -> Option<ServerFiles> {
        let identity = IdentityFiles { certificates: self.certificate.clone()?, key: self.key.clone()? };
        let client_certificates = match (self.client_certificates.unwrap_or_default(), self.client_ca.clone()) {
            (ClientCertificates::Optional, Some(authorities)) => tls::ClientCertificates::Optional { authorities },
            (ClientCertificates::Required, Some(authorities)) => tls::ClientCertificates::Required { authorities },
            (ClientCertificates::Off, _) | (_, None) => tls::ClientCertificates::Ignored,
        };
        Some(ServerFiles { identity, client_certificates })
    }
}

/// How a command speaks TLS with its server.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "TLS")]
pub(super) struct ClientFlags {
    /// Speak TLS with the server, and check that it is who it should be.
    #[arg(long, global = true, env = "MODELWIRE_CLIENT_TLS", value_parser = BoolishValueParser::new())]
    tls: bool,
    /// PEM file of the authorities that may have signed the server's certificate [default: those of the system].
    #[arg(long, global = true, env = "MODELWIRE_CLIENT_TLS_CA", value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    /// PEM file of the certificate that is shown to the server, then those that signed it.
    #[arg(long, global = true, env = "MODELWIRE_CLIENT_TLS_CERTIFICATE", value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// PEM file of the private key of that certificate, not encrypted.
    #[arg(long, global = true, env = "MODELWIRE_CLIENT_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Name that the server's certificate has to be for [default: the host of the address].
    #[arg(long, global = true, env = "MODELWIRE_CLIENT_TLS_SERVER_NAME", value_name = "NAME")]
    tls_server_name: Option<String>,
}

impl ClientFlags {
    /// The TLS of the client, if it is to speak TLS.
    pub(super) fn load(&self) -> std::result::Result<Option<ClientTls>, Failure> {
        let faults = self.faults();
        if !faults.is_empty() {
            return Err(Failure::Usage(faults.join("\n")));
        }
        if !self.tls {
            return Ok(None);
        }
        let identity = self.tls_certificate.clone().zip(self.tls_key.clone());
        let files = ClientFiles {
            authorities: self.tls_ca.clone().map_or(Authorities::System, Authorities::File),
            identity: identity.map(|(certificates, key)| IdentityFiles { certificates, key }),
            server_name: self.tls_server_name.clone(),
        };
        Ok(Some(ClientTls::load(&files)?))
    }

    /// A flag of TLS without TLS is refused, so that nobody who meant to be safe calls in the clear.
    fn faults(&self) -> Vec<String> {
        let (certificate, key) = (self.tls_certificate.is_some(), self.tls_key.is_some());
        let any = certificate || key || self.tls_ca.is_some() || self.tls_server_name.is_some();
        let faults = [
            (any && !self.tls).then_some("TLS is set up and not asked for; add --tls or MODELWIRE_CLIENT_TLS=true"),
            (key && !certificate).then_some("--tls-key is set and --tls-certificate is not; the server is shown both"),
            (certificate && !key).then_some("--tls-certificate is set and --tls-key is not; the server is shown both"),
        ];
        faults.into_iter().flatten().map(String::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::Settings;
    use clap::Parser;
    use rcgen::generate_simple_self_signed;
    use std::path::Path;

    #[derive(Parser)]
    struct Serve {
        #[command(flatten)]
        settings: Settings,
    }

    #[derive(Parser)]
    struct Call {
        #[command(flatten)]
        tls: ClientFlags,
    }

    fn settings(flags: &[&str]) -> Settings {
        Serve::try_parse_from([&["serve"], flags].concat()).unwrap().settings
    }

    fn call(flags: &[&str]) -> std::result::Result<Option<ClientTls>, String> {
        Call::try_parse_from([&["call"], flags].concat()).unwrap().tls.load().map_err(|failure| match failure {
            Failure::Usage(text) | Failure::Failed(text) => text,
            Failure::Error(error) => error.to_string(),
        })
    }

    /// A certificate, "own.pem", and its key, "own.key".
    fn write_certificate(folder: &Path) -> [String; 2] {
        let own = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let texts = [("own.pem", own.cert.pem()), ("own.key", own.signing_key.serialize_pem())];
        texts.map(|(name, text)| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        })
    }

    #[test]
    fn settings_that_make_no_sense_beside_each_other_come_in_one_report() {
        let settings =
            settings(&["--tls-key", "a", "--tls-client-certificates", "required", "--server-max-depth", "7"]);

        let report = settings.check().unwrap_err();

        assert_eq!(report.lines().count(), 3, "{report}");
        for expected in
            ["tls.key is set and tls.certificate is not", "tls.client_ca is not set", "server.max_depth is 7"]
        {
            assert!(report.contains(expected), "{report}");
        }
    }

    #[test]
    fn each_half_of_a_setting_asks_for_the_other() {
        let pair = ["--tls-certificate", "a", "--tls-key", "b"];
        for (flags, expected) in [
            (&["--tls-certificate", "a"][..], "tls.key is not"),
            (&["--tls-key", "b"], "tls.certificate is not"),
            (&[&pair[..], &["--tls-client-ca", "c"]].concat(), "tls.client_certificates is off"),
            (&[&pair[..], &["--tls-client-certificates", "optional"]].concat(), "tls.client_ca is not set"),
            (&["--tls-client-ca", "c", "--tls-client-certificates", "optional"], "without TLS"),
            (&["--tls-only"], "tls.only is true without TLS"),
        ] {
            let report = settings(flags).check().unwrap_err();

            assert!(report.lines().count() == 1 && report.contains(expected), "{flags:?}: {report}");
        }
        settings(&[&pair[..], &["--tls-client-ca", "c", "--tls-client-certificates", "required"]].concat())
            .check()
            .unwrap();
        settings(&["--tls-only=false"]).check().unwrap();
    }

    #[test]
    fn the_file_and_the_flags_make_one_server() {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = write_certificate(folder.path());
        let file = folder.path().join("modelwire.toml");
        let text = format!(
            "[tls]\nkey = {key:?}\nclient_ca = {certificate:?}\nclient_certificates = \"optional\"\nonly = true\n"
        );
        std::fs::write(&file, text).unwrap();

        let settings = settings(&["--tls-certificate", &certificate]).with_file(&file).unwrap();

        settings.check().unwrap();
        assert_eq!(settings.tls.only, Some(true));
        let authorities = PathBuf::from(&certificate);
        assert_eq!(
            settings.tls.files().unwrap().client_certificates,
            tls::ClientCertificates::Optional { authorities }
        );
        assert!(settings.tls.load().unwrap().is_some());
        assert!(Settings::default().tls.load().unwrap().is_none());
    }

    #[test]
    fn the_settings_that_the_documentation_shows_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let shown =
            include_str!("../../docs/security.md").split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        std::fs::write(folder.path().join("modelwire.toml"), shown).unwrap();

        let settings = Settings::default().with_file(&folder.path().join("modelwire.toml")).unwrap();

        settings.check().unwrap();
        assert!(settings.tls.files().is_some());
    }

    #[test]
    fn a_client_speaks_tls_when_it_is_told_to() {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = write_certificate(folder.path());

        assert!(call(&[]).unwrap().is_none());
        let own = ["--tls", "--tls-ca", &certificate, "--tls-certificate", &certificate, "--tls-key", &key];
        let named = call(&[&own[..], &["--tls-server-name", "models.example"]].concat()).unwrap().unwrap();

        let name = named.server_name("127.0.0.1:9090").unwrap();
        assert_eq!(name.to_str(), "models.example");
    }

    #[test]
    fn a_client_that_means_to_be_safe_does_not_call_in_the_clear() {
        for (flags, expected) in [
            (&["--tls-ca", "ca.pem"][..], "add --tls"),
            (&["--tls-server-name", "models.example"], "add --tls"),
            (&["--tls", "--tls-key", "a"], "--tls-certificate is not"),
            (&["--tls", "--tls-certificate", "a"], "--tls-key is not"),
            (&["--tls", "--tls-ca", "no-such.pem"], "no-such.pem cannot be read"),
        ] {
            let told = call(flags).unwrap_err();

            assert!(told.contains(expected), "{flags:?}: {told}");
        }
    }
}
