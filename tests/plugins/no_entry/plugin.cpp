// A library that is no plugin: it has no sage_entry_v1.
int sage_entry_v0() { return 0; }
