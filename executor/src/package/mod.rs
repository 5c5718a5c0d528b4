//! Package managers: what is on offer, and installing exactly one Gluster release.
