# What `programs` and `plugins` are linked with and not every Linux has: copied into `folder`, where the binary looks first.
# glibc and the compiler's own libraries stay those of the system: two of either in a process do not go together. The licence of
# each, where Debian's package of it says which, lies beside it.
file(
  GET_RUNTIME_DEPENDENCIES
  EXECUTABLES ${programs}
  LIBRARIES ${plugins}
  RESOLVED_DEPENDENCIES_VAR libraries
  PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|resolv|gcc_s|stdc\\+\\+|atomic)\\.so")
foreach(library IN LISTS libraries)
  get_filename_component(name ${library} NAME)
  file(REAL_PATH ${library} file)
  set(target $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${folder})
  message(STATUS "Installing: ${target}/${name}")
  file(MAKE_DIRECTORY ${target})
  file(COPY_FILE ${file} ${target}/${name})
  execute_process(COMMAND dpkg-query -S */${name} OUTPUT_VARIABLE owner ERROR_QUIET)
  string(REGEX REPLACE "[:,].*" "" owner "${owner}")  # "libfmt9:amd64: /usr/lib/..."
  if(owner AND EXISTS /usr/share/doc/${owner}/copyright)
    file(COPY_FILE /usr/share/doc/${owner}/copyright ${target}/${name}.copyright)
  endif()
endforeach()
