# cmake -DMANIFEST=in.toml -DOUTPUT=out.cpp -P this: the manifest's bytes as C++ arrays (a raw literal has a length limit).
file(READ ${MANIFEST} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
file(WRITE ${OUTPUT} "extern \"C\" {
extern const char sage_manifest_text[];
extern const unsigned long sage_manifest_size;
const char sage_manifest_text[] = {${bytes}'\\0'};
const unsigned long sage_manifest_size = sizeof(sage_manifest_text) - 1;
}
")
