# cmake -DMANIFEST=in.toml -DOUTPUT=out.c -DLIBRARY=libx.so -P this
# The manifest's bytes as an array of C or C++ (a literal has a length limit), after a check that it names the library.
file(STRINGS ${MANIFEST} named REGEX "^library *= *\"${LIBRARY}\"")
if(NOT named)
  message(FATAL_ERROR "${MANIFEST} must say library = \"${LIBRARY}\", the file that its target builds")
endif()
file(READ ${MANIFEST} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
file(WRITE ${OUTPUT} "#include <sage/abi.h>
const char sage_manifest_text[] = {${bytes}'\\0'};
const uint64_t sage_manifest_size = sizeof(sage_manifest_text) - 1;
")
