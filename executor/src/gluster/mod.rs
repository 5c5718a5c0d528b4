//! The dialect of the Gluster CLI: command values out, XML and text in. Pure.
