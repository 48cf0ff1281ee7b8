//! Local stand-ins, replaced by the merge.
macro_rules! stub {
    ($t:ident, $ev:ident, $cmd:ident, $err:ident, $name:literal, $typ:literal, $res:literal, $keys:expr) => {
        /// Command.
        #[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema, strum::IntoStaticStr)]
        pub enum $cmd {
            /// Anlegen.
            Anlegen {},
        }
        /// Event.
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, strum::IntoStaticStr)]
        pub enum $ev {
            /// Angelegt.
            Angelegt {
                /// All.
                stand: $t,
            },
        }
        /// Error.
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, thiserror::Error, strum::IntoStaticStr)]
        pub enum $err {
            /// None.
            #[error("-")]
            Keiner {},
        }
        crate::wire!($t, $cmd => $ev | $err);
        impl crate::Aggregate for $t {
            const NAME: &'static str = $name;
            const TYPE: &'static str = $typ;
            const BEREICH: crate::types::Bereich = crate::types::Bereich::Fibu;
            const RESSOURCE: &'static str = $res;
            const CREATE: &'static str = "Anlegen";
            type Command = $cmd;
            type Event = $ev;
            type Error = $err;
            fn decide(&self, _: $cmd, _: &crate::Context<'_>) -> crate::Decision<Self> {
                Ok(Vec::new())
            }
            fn evolve(&mut self, event: $ev) {
                let $ev::Angelegt { stand } = event;
                *self = stand;
            }
            fn keys(&self) -> Vec<crate::Key> {
                let f: fn(&$t) -> Vec<crate::Key> = $keys;
                f(self)
            }
        }
    };
}
pub(crate) use stub;
