# cmake -DSOURCE_DIR=... -DOUTPUT=FILE.cpp -P git_revision.cmake: writes the revision of SOURCE_DIR into OUTPUT, and leaves
# a file that says the same untouched, so that nothing is compiled again. Run by every build: HEAD moves without CMake.
find_program(GIT git)
set(revision nullptr)
# Sources unpacked below somebody else's repository have no revision.
if(GIT AND EXISTS ${SOURCE_DIR}/.git)
  # --exclude: the hash, never a tag's name
  execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} describe --always --dirty --abbrev=40 --exclude=*
                  OUTPUT_VARIABLE described RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed)
    set(revision "\"${described}\"")
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[#include "base/git_revision.hpp"

const char* const host::base::git_revision = @revision@;
]] @ONLY)
