//! Starting and stopping Gluster on a host, under systemd or as bare processes.
