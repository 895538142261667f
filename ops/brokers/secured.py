"""Apache Kafka on this machine as an installation guards it: TLS, SASL, certificates, an authoriser."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from kafka.errors import KafkaError

from ops.brokers.certificates import Authority, Certificate
from ops.brokers.kafka import KafkaBroker
from ops.brokers.kafka_files import SERVER_PROPERTIES
from ops.reach import ask, free_port, listens
from streams.kafka_access import client_options
from streams.settings.settings import Settings

ADMIN = "admin"
"""Whom no ACL binds: who signs in so may do everything, as at a cluster's first start somebody must."""

_BROKER = "broker"
_CLEAR = "clear"
_ANSWER_SECONDS = 20.0
"""The first handshakes of a JVM take long on a machine that is busy."""
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"

_SECURITY = """\
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={truststore}
listener.name.mtls.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:CN={broker};User:{admin}
"""


class SecuredKafka(KafkaBroker):
    """Apache Kafka with two listeners, and nothing in the clear unless that is asked for.

    At `address` clients sign in with the name and the password of `users` (SCRAM or PLAIN); at `mtls_address`
    a client certificate of `authority` says who they are. Without an ACL nobody but `ADMIN` may do anything.
    `more` are further listeners with passwords, each with a certificate of its own, at `address_of(name)`.
    With `clear` there is one without TLS too, where anybody may do everything: for the load of a benchmark.
    """

    title: ClassVar[str] = "Apache Kafka with TLS"

    def __init__(
        self,
        folder: Path,
        users: Mapping[str, str],
        *,
        authority: Authority | None = None,
        more: Mapping[str, Certificate] | None = None,
        port: int = 0,
        heap: str = "384m",
        clear: bool = False,
    ) -> None:
        super().__init__(folder, port=port, heap=heap)
        self.users = users
        self.authority = authority or Authority.new(self.folder / "certificates")
        self.admin = self.settings(ADMIN)
        self._more = more or {}
        self._clear = [_CLEAR] if clear else []
        self._ports = {name: free_port() for name in ("mtls", *self._clear, *self._more)}
        self._own = self.authority.issue(_BROKER, hosts=["127.0.0.1", "localhost"])

    @property
    def mtls_address(self) -> str:
        """`host:port` for clients with a certificate."""
        return self.address_of("mtls")

    @property
    def clear_address(self) -> str:
        """`host:port` of the listener without TLS."""
        return self.address_of(_CLEAR)

    def address_of(self, listener: str) -> str:
        """`host:port` of another listener."""
        return f"127.0.0.1:{self._ports[listener]}"

    def settings(self, user: str) -> Settings:
        """The settings with which a user signs in."""
        return Settings(
            kafka=self.address,
            kafka_tls=True,
            kafka_tls_ca=self.authority.certificate,
            kafka_sasl_mechanism="SCRAM-SHA-512",
            kafka_sasl_username=user,
            kafka_sasl_password=self.users[user],  # type: ignore[arg-type] # a text becomes a secret
        )

    def answers(self, *, timeout: float = _ANSWER_SECONDS) -> bool:
        """Whether it lets its administrator in."""
        if listens(self.address) is not None:
            return False
        try:
            ask(client_options(self.admin), timeout)
        except (KafkaError, OSError):
            return False
        return True

    def storage_options(self) -> list[str]:
        """The users, whose passwords must be known before anybody can sign in."""
        told = [
            f"{mechanism}=[name={name},password={password}]"
            for name, password in self.users.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        ]
        return [part for one in told for part in ("--add-scram", one)]

    def properties(self) -> str:
        """What the server is told at its next start."""
        controller = free_port()
        plain = SERVER_PROPERTIES.format(
            port=self.port, controller_port=controller, data=self.folder / "data"
        )
        told = dict(line.split("=", 1) for line in plain.splitlines())
        listeners = {"SASL_SSL": self.port, "CONTROLLER": controller}
        listeners |= {name.upper(): port for name, port in self._ports.items()}
        protocols = dict.fromkeys(listeners, "SASL_SSL") | {"MTLS": "SSL", "CONTROLLER": "SSL"}
        protocols |= {name.upper(): "PLAINTEXT" for name in self._clear}
        told |= {
            "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners.items()),
            "listener.security.protocol.map": ",".join(f"{name}:{way}" for name, way in protocols.items()),
            "inter.broker.listener.name": "MTLS",
        }
        security = _SECURITY.format(
            keystore=self._own.both,
            truststore=self.authority.certificate,
            broker=_BROKER,
            admin=";User:".join([ADMIN, *("ANONYMOUS" for _ in self._clear)]),
        )
        told |= dict(line.split("=", 1) for line in security.splitlines())
        for name in (name for name, way in protocols.items() if way == "SASL_SSL"):
            told |= self._signing_in(f"listener.name.{name.lower()}.")
        for name, certificate in self._more.items():
            told[f"listener.name.{name}.ssl.keystore.type"] = "PEM"
            told[f"listener.name.{name}.ssl.keystore.location"] = str(certificate.both)
        return "".join(f"{name}={value}\n" for name, value in told.items())

    def _signing_in(self, listener: str) -> dict[str, str]:
        users = " ".join(f'user_{name}="{password}"' for name, password in self.users.items())
        return {
            f"{listener}scram-sha-256.sasl.jaas.config": f"{_SCRAM} required;",
            f"{listener}scram-sha-512.sasl.jaas.config": f"{_SCRAM} required;",
            f"{listener}plain.sasl.jaas.config": f"{_PLAIN} required {users};",
        }
