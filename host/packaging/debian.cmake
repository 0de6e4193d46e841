# Packages of Debian, by `cpack -G DEB`: sage-host, sage-host-dev for authors of plugins, sage-host-dbg.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sage-host)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The sage-host authors <sage-host@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_OUTPUT_FILE_PREFIX ${PROJECT_BINARY_DIR}/dist)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_STRIP_FILES ON)  # of names too: sage-host-dbg has them
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/compress_pages.cmake)

# Licence and changes of each, as Debian's policy names them.
if(SAGE_RELEASE_DATE STREQUAL "unreleased")
  set(suite UNRELEASED)
  string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH is obeyed
else()
  set(suite unstable)
  execute_process(COMMAND date -u -R -d ${SAGE_RELEASE_DATE} OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
endif()
string(REPLACE "\n" "\n  " changes "${SAGE_RELEASE_NOTES}")
string(REPLACE "\n  \n" "\n\n" changes "${changes}")
set(debian_dir ${CMAKE_CURRENT_BINARY_DIR}/debian)
file(CONFIGURE OUTPUT ${debian_dir}/changelog @ONLY CONTENT [[
@CPACK_PACKAGE_NAME@ (@PROJECT_VERSION@) @suite@; urgency=medium

  @changes@

 -- @CPACK_PACKAGE_CONTACT@  @date@
]])
execute_process(COMMAND gzip -9nk -f changelog WORKING_DIRECTORY ${debian_dir} COMMAND_ERROR_IS_FATAL ANY)

# debian_package(<package> <group> <component>...)
macro(debian_package package group)
  set(component debian_${group})
  install(FILES ${debian_dir}/changelog.gz DESTINATION share/doc/${package} COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/${package} RENAME copyright COMPONENT ${component}
          EXCLUDE_FROM_ALL)
  foreach(member ${component} ${ARGN})
    string(TOUPPER ${member} upper)
    set(CPACK_COMPONENT_${upper}_GROUP ${group})
    list(APPEND CPACK_COMPONENTS_ALL ${member})
  endforeach()
  string(TOUPPER ${group} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package})
endmacro()

set(CPACK_COMPONENTS_ALL)
debian_package(sage-host runtime host shell docs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION science)
# `sage-host setup` makes SAGE's and Ray's environments with them, gnuplot draws the pictures of a comparison.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS "python3 (>= 3.9), python3-venv")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS "gnuplot-nox, sage-host-dev")
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "The program, its workloads and backends, documentation and manual pages.")

debian_package(sage-host-dev dev plugin_api)
set(CPACK_DEBIAN_DEV_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "nlohmann-json3-dev (>= 3.11)")
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "cmake (>= 3.25), g++ (>= 4:12), sage-host (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEV_DESCRIPTION "Headers, the CMake package SagePluginApi and examples, for workloads and backends.")

debian_package(sage-host-dbg debug debug)
set(CPACK_DEBIAN_DEBUG_PACKAGE_SECTION debug)
set(CPACK_DEBIAN_DEBUG_PACKAGE_DEPENDS "sage-host (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEBUG_DESCRIPTION "Debug information of the program and its plugins, found by build id.")
include(CPack)
