//! A DSN in ADO or JDBC form → where to connect and how far to trust what answers.
//! No error of this module shows any part of a DSN but the name of a key.

use std::path::PathBuf;
use std::time::Duration;

use tiberius::{AuthMethod, Config, EncryptionLevel};

use super::pairs::{self, Pair};

/// Connecting includes the name lookup, TLS and authentication.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const PORT: u16 = 1433;
/// What the protocol allows.
const PACKET_BYTES: std::ops::RangeInclusive<u32> = 512..=32_767;
/// What Microsoft's clients ask for; the protocol's own 4096 wastes round trips.
const PACKET_BYTES_DEFAULT: u32 = 8000;

/// The key that names the CA file.
pub const CA_KEY: &str = "TrustServerCertificateCA";

/// Whose certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    System,
    /// These too.
    File(PathBuf),
    Anything,
}

/// A parsed DSN.
#[derive(Clone)]
pub struct Dsn {
    pub host: String,
    pub port: Option<u16>,
    pub instance: Option<String>,
    user: String,
    password: String,
    database: Option<String>,
    pub encryption: EncryptionLevel,
    pub trust: Trust,
    host_in_certificate: Option<String>,
    reads_only: bool,
    pub all_addresses_at_once: bool,
    workstation: Option<String>,
    packet_bytes: u32,
    pub connect_timeout: Duration,
}

impl Dsn {
    /// # Errors
    /// A sentence that says what is wrong without showing any of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut dsn = Self {
            host: String::new(),
            port: None,
            instance: None,
            user: String::new(),
            password: String::new(),
            database: None,
            encryption: EncryptionLevel::Required,
            trust: Trust::System,
            host_in_certificate: None,
            reads_only: false,
            all_addresses_at_once: false,
            workstation: None,
            packet_bytes: PACKET_BYTES_DEFAULT,
            connect_timeout: CONNECT_TIMEOUT,
        };
        let mut trusts_anything = None;
        let mut behind_password = false;
        for Pair { key, value } in pairs::split(text)? {
            match key.as_str() {
                "trustservercertificate" => trusts_anything = Some(truth(&key, &value)?),
                _ => dsn.take(&key, value, behind_password)?,
            }
            behind_password = matches!(key.as_str(), "password" | "pwd");
        }
        match (trusts_anything, &dsn.trust) {
            (Some(true), Trust::File(_)) => {
                return Err(format!("it has both TrustServerCertificate and {CA_KEY}"));
            }
            (Some(true), _) => dsn.trust = Trust::Anything,
            _ => {}
        }
        dsn.check()?;
        Ok(dsn)
    }

    fn take(&mut self, key: &str, value: String, behind_password: bool) -> Result<(), String> {
        match key {
            "server" | "datasource" | "address" | "addr" | "networkaddress" | "servername" => {
                self.take_server(&value)?;
            }
            "port" | "portnumber" => self.port = Some(port(&value)?),
            "instancename" => self.instance = Some(value),
            "user" | "userid" | "uid" | "username" => self.user = value,
            "password" | "pwd" => self.password = value,
            "database" | "initialcatalog" | "databasename" => self.database = Some(value),
            "encrypt" => self.encryption = encryption(&value)?,
            "trustservercertificateca" => self.trust = Trust::File(PathBuf::from(value)),
            "hostnameincertificate" => self.host_in_certificate = Some(value),
            "applicationintent" => self.reads_only = intent(&value)?,
            "multisubnetfailover" => self.all_addresses_at_once = truth(key, &value)?,
            "workstationid" | "wsid" => self.workstation = Some(value),
            "packetsize" => self.packet_bytes = packet_bytes(&value)?,
            "connecttimeout" | "connectiontimeout" | "timeout" | "logintimeout" => {
                self.connect_timeout = seconds(&value)?;
            }
            // Every session is named after its job.
            "applicationname" | "app" => {}
            "authentication" if value.eq_ignore_ascii_case("SqlPassword") => {}
            "integratedsecurity" | "trustedconnection" | "trusted_connection"
                if is_false(&value) => {}
            "authentication" | "integratedsecurity" | "trustedconnection"
            | "trusted_connection" => {
                return Err("it asks for Windows or Entra authentication, which this host does not do; make a SQL login and name it in User ID and Password".to_owned());
            }
            _ if behind_password => {
                return Err("what follows its password is not known; a password with \";\" must be quoted: Password='…'".to_owned());
            }
            _ => return Err(unknown(key)),
        }
        Ok(())
    }

    /// `tcp:host\instance,port`, of which only the host must be there.
    fn take_server(&mut self, server: &str) -> Result<(), String> {
        let server = server.strip_prefix("tcp:").unwrap_or(server);
        let (host, port_text) = match server.split_once(',') {
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        };
        let (host, instance) = match host.split_once('\\') {
            Some((host, instance)) => (host, Some(instance)),
            None => (host, None),
        };
        let host = host.trim();
        let is_address = host.parse::<std::net::Ipv6Addr>().is_ok();
        if host.contains(':') && !is_address {
            return Err("its server has a \":\"; the port stands behind a comma, as in host,1433, and only tcp: may stand before it".to_owned());
        }
        self.host = match host {
            "." | "(local)" => "localhost".to_owned(),
            host => host.to_owned(),
        };
        self.instance = instance.map(|instance| instance.trim().to_owned());
        self.port = port_text.map(port).transpose()?.or(self.port);
        Ok(())
    }

    fn check(&mut self) -> Result<(), String> {
        if self.host.is_empty() {
            return Err("it names no server".to_owned());
        }
        if self.user.is_empty() {
            return Err("it names no user: SQL logins have a User ID and a Password".to_owned());
        }
        // A port says more than a name, as for Microsoft's clients, and the browser need not run then.
        if self.port.is_some()
            || self
                .instance
                .as_deref()
                .is_some_and(|name| name.is_empty() || name.eq_ignore_ascii_case("MSSQLSERVER"))
        {
            self.instance = None;
        }
        Ok(())
    }

    /// The same, elsewhere.
    pub fn routed_to(&self, host: &str, port: u16) -> Self {
        // The name of an instance may stand behind it; the port says enough.
        let host = host.split('\\').next().unwrap_or_default();
        Self {
            host: host.to_owned(),
            port: Some(port),
            instance: None,
            ..self.clone()
        }
    }

    /// The port, where no browser is asked.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(PORT)
    }

    /// For the client. `ca` holds the certificates of the CA file.
    pub fn config(&self, application_name: &str, ca: Option<&[u8]>) -> Config {
        let mut config = Config::new();
        config.host(&self.host);
        match &self.instance {
            Some(instance) => config.instance_name(instance),
            None => config.port(self.port()),
        }
        config.authentication(AuthMethod::sql_server(&self.user, &self.password));
        if let Some(database) = &self.database {
            config.database(database);
        }
        config.encryption(self.encryption);
        match (&self.trust, ca) {
            (Trust::Anything, _) => config.trust_cert(),
            (_, Some(ca)) => config.trust_cert_ca_bundle(ca),
            _ => {}
        }
        if let Some(host) = &self.host_in_certificate {
            config.hostname_in_certificate(host);
        }
        if let Some(name) = &self.workstation {
            config.client_name(name);
        }
        config.readonly(self.reads_only);
        config.multi_subnet_failover(self.all_addresses_at_once);
        config.packet_size(self.packet_bytes);
        config.application_name(application_name);
        // Connecting and statements are bounded by ours: the client's own would end a large sort.
        config.handshake_timeout(None);
        config.command_timeout(None);
        // A text that is not UTF-16 fails its job rather than change unseen.
        config.lossy_utf16_decoding(false);
        config
    }
}

/// Names the key only if it looks like a word: anything may have been typed there.
fn unknown(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    if key.len() <= 40 && key.bytes().all(plain) {
        format!("its key \"{key}\" is not known; leave it out")
    } else {
        "it has a key that is not known; leave it out".to_owned()
    }
}

fn is_false(value: &str) -> bool {
    ["false", "no", "0"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

fn truth(key: &str, value: &str) -> Result<bool, String> {
    let is_true = ["true", "yes", "1"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word));
    if is_true || is_false(value) {
        return Ok(is_true);
    }
    Err(format!("its {key} is neither true nor false"))
}

fn encryption(value: &str) -> Result<EncryptionLevel, String> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "mandatory" => Ok(EncryptionLevel::Required),
        "strict" => Ok(EncryptionLevel::Strict),
        // Only the login is encrypted.
        "false" | "no" | "0" | "optional" => Ok(EncryptionLevel::Off),
        "danger_plaintext" => Ok(EncryptionLevel::NotSupported),
        _ => Err("its encrypt is none of true, false, strict, DANGER_PLAINTEXT".to_owned()),
    }
}

fn intent(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "readonly" => Ok(true),
        "readwrite" => Ok(false),
        _ => Err("its ApplicationIntent is neither ReadOnly nor ReadWrite".to_owned()),
    }
}

fn port(value: &str) -> Result<u16, String> {
    let port = value.trim().parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| "its port is not a number from 1 to 65535".to_owned())
}

fn packet_bytes(value: &str) -> Result<u32, String> {
    let bytes = value.parse().ok();
    bytes
        .filter(|bytes| PACKET_BYTES.contains(bytes))
        .ok_or_else(|| "its packet size is not a number from 512 to 32767".to_owned())
}

fn seconds(value: &str) -> Result<Duration, String> {
    let seconds = value.parse().ok();
    seconds
        .filter(|seconds| (1..=3600).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "its connect timeout is not a number of seconds from 1 to 3600".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Dsn {
        Dsn::parse(text).unwrap_or_else(|problem| panic!("{problem}"))
    }

    #[test]
    fn both_forms_say_the_same() {
        let ado = parsed(
            "Server=tcp:h,1434;Initial Catalog=d;User ID=u;Password='p;w';Encrypt=strict;ApplicationIntent=ReadOnly;Connect Timeout=3",
        );
        let jdbc = parsed(
            "jdbc:sqlserver://h:1434;databaseName=d;user=u;password={p;w};encrypt=strict;applicationIntent=readonly;loginTimeout=3",
        );
        for dsn in [ado, jdbc] {
            assert_eq!((dsn.host.as_str(), dsn.port()), ("h", 1434));
            assert_eq!(dsn.database.as_deref(), Some("d"));
            assert_eq!((dsn.user.as_str(), dsn.password.as_str()), ("u", "p;w"));
            assert_eq!(dsn.encryption, EncryptionLevel::Strict);
            assert!(dsn.reads_only);
            assert_eq!(dsn.connect_timeout, Duration::from_secs(3));
        }
    }

    #[test]
    fn tls_is_on_unless_the_dsn_says_otherwise() {
        let level = |more: &str| parsed(&format!("server=h;uid=u;{more}")).encryption;
        assert_eq!(level(""), EncryptionLevel::Required);
        assert_eq!(level("encrypt=yes"), EncryptionLevel::Required);
        assert_eq!(level("Encrypt=False"), EncryptionLevel::Off);
        assert_eq!(
            level("encrypt=DANGER_PLAINTEXT"),
            EncryptionLevel::NotSupported
        );
    }

    #[test]
    fn an_instance_is_looked_up_only_without_a_port() {
        let place = |server: &str| {
            let dsn = parsed(&format!("server={server};uid=u"));
            (dsn.host.clone(), dsn.instance.clone(), dsn.port)
        };
        assert_eq!(place("h\\i"), ("h".into(), Some("i".into()), None));
        assert_eq!(place("h\\i,5"), ("h".into(), None, Some(5)));
        assert_eq!(place("h\\MSSQLSERVER"), ("h".into(), None, None));
        assert_eq!(place("."), ("localhost".into(), None, None));
        assert_eq!(place("::1,5"), ("::1".into(), None, Some(5)));
    }

    #[test]
    fn trust_is_said_in_one_way_only() {
        let trust = |more: &str| parsed(&format!("server=h;uid=u;{more}")).trust;
        assert_eq!(trust("TrustServerCertificate=false"), Trust::System);
        assert_eq!(trust("TrustServerCertificate=yes"), Trust::Anything);
        assert_eq!(
            trust("TrustServerCertificateCA=/ca.pem;TrustServerCertificate=false"),
            Trust::File("/ca.pem".into())
        );
    }

    #[test]
    fn every_mistake_is_said_without_the_secret() {
        let broken = [
            ("canary", "neither"),
            ("uid=u", "no server"),
            ("server=h", "no user"),
            ("server=h;uid=u;pooling=canary", "\"pooling\""),
            ("server=h;uid=u;canary-5=x", "a key that is not known"),
            ("server=h;uid=u;pwd=secret;canary=x", "must be quoted"),
            ("server=h;uid=u;encrypt=canary", "encrypt"),
            (
                "server=h;uid=u;trustservercertificate=canary",
                "neither true nor false",
            ),
            (
                "server=h;uid=u;trustservercertificate=true;trustservercertificateca=canary",
                "both",
            ),
            (
                "server=h;uid=u;applicationintent=canary",
                "ApplicationIntent",
            ),
            ("server=h,canary;uid=u", "port"),
            ("server=canary:5;uid=u", "comma"),
            ("server=np:canary;uid=u", "tcp:"),
            ("server=h;uid=u;packet size=5", "packet size"),
            ("server=h;uid=u;timeout=canary", "connect timeout"),
            ("server=h;integrated security=SSPI", "SQL login"),
            (
                "server=h;authentication=ActiveDirectoryPassword;uid=canary",
                "SQL login",
            ),
            ("server=h;uid='canary", "does not end"),
        ];
        for (text, word) in broken {
            let problem = Dsn::parse(text).err().unwrap_or_default();
            assert!(problem.contains(word), "{text}: {problem}");
            assert!(!problem.contains("canary"), "{problem}");
        }
    }
}
