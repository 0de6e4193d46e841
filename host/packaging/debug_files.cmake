# Debug information of `binaries`, which the build has split off into .debug/ beside each: PREFIX/lib/debug/.build-id/12/34.debug,
# where debuggers look it up by the build id that is in the stripped file, wherever that lies.
foreach(binary IN LISTS binaries)
  get_filename_component(folder ${binary} DIRECTORY)
  get_filename_component(name ${binary} NAME)
  execute_process(COMMAND ${readelf} -n ${binary} OUTPUT_VARIABLE notes COMMAND_ERROR_IS_FATAL ANY)
  if(NOT notes MATCHES "Build ID: ([0-9a-f][0-9a-f])([0-9a-f]+)")
    message(FATAL_ERROR "${binary} has no build id")
  endif()
  set(target $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/debug/.build-id/${CMAKE_MATCH_1})
  message(STATUS "Installing: ${target}/${CMAKE_MATCH_2}.debug")
  file(MAKE_DIRECTORY ${target})
  file(COPY_FILE ${folder}/.debug/${name}.debug ${target}/${CMAKE_MATCH_2}.debug)
endforeach()
