# Installs the component plugin_api, which needs nothing built, into a folder of its own; the examples find it there alone.
file(REMOVE_RECURSE ${SCRATCH})
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/prefix --component plugin_api)
# A copy, so that nothing beside the examples can be included by accident.
file(COPY ${EXAMPLES} DESTINATION ${SCRATCH})
run(${CMAKE_COMMAND} -S ${SCRATCH}/examples -B ${SCRATCH}/build -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix
    -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
run(${CMAKE_COMMAND} --build ${SCRATCH}/build)
run(${CMAKE_CTEST_COMMAND} --test-dir ${SCRATCH}/build --output-on-failure)

foreach(plugin instant hello)
  if(NOT EXISTS ${SCRATCH}/build/plugins/${plugin}.toml)
    message(FATAL_ERROR "${plugin}.toml does not lie beside its library")
  endif()
  execute_process(COMMAND ${NM} -D --defined-only -j ${SCRATCH}/build/plugins/lib${plugin}.so
                  OUTPUT_VARIABLE exported OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  if(NOT exported STREQUAL "sage_entry_v1")
    message(FATAL_ERROR "lib${plugin}.so must export sage_entry_v1 alone, but exports: ${exported}")
  endif()
endforeach()

# One in C is a project of its own, which no C++ compiler sees.
run(${CMAKE_COMMAND} -S ${SCRATCH}/examples/backends/serial_c -B ${SCRATCH}/build_c -G ${GENERATOR}
    -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix -DCMAKE_C_COMPILER=${CC} -DCMAKE_CXX_COMPILER=/nonexistent
    "-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Wconversion -Werror")
run(${CMAKE_COMMAND} --build ${SCRATCH}/build_c)
if(HOST)
  run(${HOST} run --workload q1 --backend serial_c --plugin-path ${SCRATCH}/build_c --concurrency 4 --total-requests 200 --documents 200
      --output-dir ${SCRATCH}/results)
  run(${HOST} run --workload hello --backend instant --plugin-path ${SCRATCH}/build/plugins --concurrency 4
      --output-dir ${SCRATCH}/results)
endif()
