//! What the output of each command means.
//!
//! Every parser takes the whole [`Output`](crate::core::command::Output): the exit status can be 0 with
//! `opRet` -1 inside, and XML that was asked for can come as text. None of them panics on any input, and none
//! takes a part for the whole: what is cut off or garbled is an error, what is not mentioned is not in the
//! answer, and what is not in the answer is unknown.

mod clients;
mod georep;
mod heal;
mod op_version;
mod peers;
mod server;
mod status;
mod stored;
mod switch;
mod volumes;
mod xml;

pub use clients::{client_op_versions, clients, nobody_is_connected};
pub use georep::{
    CanaryError, canary, closed, converted, no_sessions, session_changed, session_config, sessions,
    sync_tools,
};
pub use heal::{Backlog, heal_backlog, heal_launched, heal_pending, split_brain};
pub use op_version::{OpVersionAnswer, OpVersionRefusal, max_op_version, op_version_set};
pub use peers::peers;
pub use server::{glusterd_info, version};
pub use status::{Task, VolumeStatus, tasks, volume_status};
pub use stored::stored_volumes;
pub use switch::{Switched, volume_started, volume_stopped};
pub use volumes::volumes;
