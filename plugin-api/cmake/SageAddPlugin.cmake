# sage_add_plugin(<target> MANIFEST <file.toml> SOURCES <file>... [LINK <library>...] [OUTPUT_DIR <dir>])
#
# Of C or C++ sources; a project without a C++ compiler will do. Builds lib<target>.so with the manifest embedded, and copies the manifest beside it. The library exports only its entry
# (version script), resolves every symbol at link time (-z defs) and is never unmapped (-z nodelete: thread-exit
# destructors of an unmapped library crash the process). The manifest must say library = "lib<target>.so".

function(sage_add_plugin target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MANIFEST;OUTPUT_DIR" "SOURCES;LINK")
  if(NOT arg_MANIFEST OR NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: sage_add_plugin(<target> MANIFEST <file.toml> SOURCES <file>... [LINK <library>...] "
                        "[OUTPUT_DIR <dir>])")
  endif()
  get_filename_component(manifest ${arg_MANIFEST} ABSOLUTE)
  get_filename_component(manifest_name ${manifest} NAME)
  if(NOT arg_OUTPUT_DIR)
    set(arg_OUTPUT_DIR ${CMAKE_CURRENT_BINARY_DIR})
  endif()

  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(CXX IN_LIST languages)
    set(embedded ${CMAKE_CURRENT_BINARY_DIR}/${target}_manifest.cpp)
    set(api Sage::PluginApi)
  else()
    set(embedded ${CMAKE_CURRENT_BINARY_DIR}/${target}_manifest.c)
    set(api Sage::PluginAbi)
  endif()
  add_custom_command(
    OUTPUT ${embedded}
    COMMAND ${CMAKE_COMMAND} -DMANIFEST=${manifest} -DOUTPUT=${embedded} -DLIBRARY=lib${target}.so
            -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/sage_embed_manifest.cmake
    COMMAND ${CMAKE_COMMAND} -E make_directory ${arg_OUTPUT_DIR}
    COMMAND ${CMAKE_COMMAND} -E copy ${manifest} ${arg_OUTPUT_DIR}/${manifest_name}
    DEPENDS ${manifest} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/sage_embed_manifest.cmake
    VERBATIM)

  add_library(${target} MODULE ${arg_SOURCES} ${embedded})
  target_link_libraries(${target} PRIVATE ${api} ${arg_LINK})
  set_target_properties(
    ${target}
    PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${arg_OUTPUT_DIR}
               CXX_VISIBILITY_PRESET hidden
               C_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON
               LINK_DEPENDS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/sage_plugin.map)
  target_link_options(${target} PRIVATE -Wl,-z,nodelete -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/sage_plugin.map)
  if(NOT SAGE_SANITIZE)  # a sanitizer's runtime is resolved from the executable
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
endfunction()
