//! The container engine: everything the simulator does to it goes through here, labelled with its run.
