# Install rules of one module, and the package files. See SvsmModule.cmake.

# Pkg-config name of a package that CMake finds under another name; empty where there is none to name.
function(svsm_pkg_name package out)
  set(known_OpenSSL libcrypto)
  set(known_CURL libcurl)
  set(known_fmt fmt)
  set(known_SQLite3 sqlite3)
  set(known_GTest gmock)
  if(package MATCHES "^pkg:(.*)$")
    set(${out} "${CMAKE_MATCH_1}" PARENT_SCOPE)
  else()
    set(${out} "${known_${package}}" PARENT_SCOPE)
  endif()
endfunction()

function(svsm_install_module name not_default public_deps private_deps find_deps archives)
  set(component svsm-${name})
  install(TARGETS svsm_${name} EXPORT svsm-${name}-targets COMPONENT ${component}
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT ${component})
  install(EXPORT svsm-${name}-targets NAMESPACE svsm:: DESTINATION "${svsm_cmake_dir}" COMPONENT ${component})
  if(archives)
    install(FILES ${archives} DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ${component})
  endif()

  set(modules)
  set(libraries)
  foreach(dep IN LISTS public_deps private_deps)
    if(dep MATCHES "^svsm::(.*)$")
      list(APPEND modules ${CMAKE_MATCH_1})
    elseif(NOT dep MATCHES "::" AND NOT TARGET "${dep}" AND NOT dep MATCHES "[<>/]")
      list(APPEND libraries -l${dep})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES modules)
  set(public_modules ${public_deps})
  list(FILTER public_modules INCLUDE REGEX "^svsm::")
  list(TRANSFORM public_modules REPLACE "^svsm::" "svsm-")
  svsm_write_module_file(${name} ${not_default} "${modules}" "${find_deps}")
  svsm_write_pc_file(${name} "${public_modules}" "${modules}" "${find_deps}" "${libraries}" "${archives}")
endfunction()

function(svsm_write_module_file name not_default modules find_deps)
  set(default ON)
  if(not_default)
    set(default OFF)
  endif()
  set(file "${PROJECT_BINARY_DIR}/package/svsm-${name}-module.cmake")
  file(CONFIGURE OUTPUT "${file}" @ONLY CONTENT
"set(svsm_module_default @default@)
set(svsm_module_deps \"@modules@\")
set(svsm_module_packages \"@find_deps@\")
")
  install(FILES "${file}" DESTINATION "${svsm_cmake_dir}" COMPONENT svsm-${name})
endfunction()

function(svsm_write_pc_file name public_modules modules find_deps libraries archives)
  get_target_property(type svsm_${name} TYPE)
  list(TRANSFORM modules PREPEND svsm- OUTPUT_VARIABLE requires)
  foreach(package IN LISTS find_deps)
    svsm_pkg_name(${package} pkg)
    list(APPEND requires ${pkg})
  endforeach()
  foreach(archive IN LISTS archives)
    cmake_path(GET archive STEM stem)
    string(REGEX REPLACE "^lib" "-l" stem "${stem}")
    list(PREPEND libraries "${stem}")
  endforeach()
  if("Threads" IN_LIST find_deps)
    list(APPEND libraries -pthread)
  endif()
  set(own "-lsvsm_${name} ")
  if(type STREQUAL "INTERFACE_LIBRARY")
    set(own "")
  endif()
  # A static library needs its private dependencies at every link, so they are not hidden behind --static.
  set(private_requires "")
  set(private "")
  if(type STREQUAL "SHARED_LIBRARY")
    set(private .private)
    list(REMOVE_ITEM requires ${public_modules})
    list(JOIN requires ", " private_requires)
    set(private_requires "\nRequires.private: ${private_requires}")
    set(requires ${public_modules})
  endif()
  list(JOIN requires ", " requires)
  list(JOIN libraries " " libraries)
  set(pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
  cmake_path(SET from NORMALIZE "/${pc_dir}")
  set(to "/")
  cmake_path(RELATIVE_PATH to BASE_DIRECTORY "${from}")
  set(file "${PROJECT_BINARY_DIR}/package/svsm-${name}.pc")
  file(CONFIGURE OUTPUT "${file}" @ONLY CONTENT
"prefix=\${pcfiledir}/@to@
libdir=\${prefix}/@CMAKE_INSTALL_LIBDIR@
includedir=\${prefix}/@CMAKE_INSTALL_INCLUDEDIR@

Name: svsm-@name@
Description: SVSM building blocks: @name@
Version: @PROJECT_VERSION@
Requires: @requires@@private_requires@
Cflags: -I\${includedir}
Libs: -L\${libdir} @own@
Libs@private@: @libraries@
")
  file(READ "${file}" text)
  string(REPLACE "Libs: -L\${libdir} ${own}\nLibs: " "Libs: -L\${libdir} ${own}" text "${text}")
  string(REGEX REPLACE " +\n" "\n" text "${text}")
  file(CONFIGURE OUTPUT "${file}" CONTENT "${text}" @ONLY)
  install(FILES "${file}" DESTINATION "${pc_dir}" COMPONENT svsm-${name})
endfunction()

# Package files, and targets that check every header; called once at the end of the root.
function(svsm_finish)
  if(SVSM_INSTALL AND NOT SVSM_FREESTANDING)
    configure_package_config_file("${SVSM_ROOT}/cmake/svsmConfig.cmake.in" "${PROJECT_BINARY_DIR}/package/svsmConfig.cmake"
      INSTALL_DESTINATION "${svsm_cmake_dir}" NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
    write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/svsmConfigVersion.cmake"
      COMPATIBILITY SameMinorVersion)
    install(FILES "${PROJECT_BINARY_DIR}/package/svsmConfig.cmake" "${PROJECT_BINARY_DIR}/package/svsmConfigVersion.cmake"
      DESTINATION "${svsm_cmake_dir}" COMPONENT svsm-core)
  endif()
  get_property(lines GLOBAL PROPERTY svsm_module_lines)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/modules.jsonl" CONTENT "${lines}" @ONLY)
  if(SVSM_BUILD_TESTS AND NOT SVSM_FREESTANDING)
    svsm_add_link_checks()
  endif()
  get_property(modules GLOBAL PROPERTY svsm_modules)
  list(JOIN modules " " modules)
  message(STATUS "svsm modules: ${modules}")
endfunction()

# svsm_link_alone: every library is linked whole with nothing but what it names.
function(svsm_add_link_checks)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/link_alone/main.cc" CONTENT "int main() {}\n")
  add_custom_target(svsm_link_alone)
  get_property(modules GLOBAL PROPERTY svsm_modules)
  foreach(name IN LISTS modules)
    get_target_property(type svsm_${name} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      add_executable(link_alone_${name} EXCLUDE_FROM_ALL "${PROJECT_BINARY_DIR}/link_alone/main.cc")
      target_link_libraries(link_alone_${name} PRIVATE "$<LINK_LIBRARY:WHOLE_ARCHIVE,svsm_${name}>")
      set_target_properties(link_alone_${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/link_alone")
      add_dependencies(svsm_link_alone link_alone_${name})
    endif()
  endforeach()
endfunction()
