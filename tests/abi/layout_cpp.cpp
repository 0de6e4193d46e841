// The same program as C++, which must see the same layout.
#include "layout.c"
