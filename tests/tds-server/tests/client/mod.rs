//! A tiberius client of the stand-in, with the host's session set-up.
use tds_server::Server;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

pub type Connection = Client<Compat<TcpStream>>;

/// The account of the default options.
pub fn config(server: &Server, encryption: EncryptionLevel) -> Config {
    let mut config = Config::new();
    config.host("127.0.0.1");
    config.port(server.addr().port());
    config.authentication(AuthMethod::sql_server("sa", "Test!Passw0rd"));
    config.database("demo");
    config.application_name("tests");
    config.encryption(encryption);
    config.trust_cert();
    config
}

pub async fn login(config: Config) -> tiberius::Result<Connection> {
    let tcp = TcpStream::connect(config.get_addr()).await?;
    tcp.set_nodelay(true)?;
    Client::connect(config, tcp.compat_write()).await
}

pub async fn connect(server: &Server) -> Connection {
    login(config(server, EncryptionLevel::Off))
        .await
        .expect("the stand-in lets its own account in")
}
