# One call a target.
#
#   svsm_add_module(<name>            core, crypto, crypto_openssl, snp_verify, ...
#     [HOSTED]                        needs an OS: vanishes under SVSM_FREESTANDING=ON
#     [NOT_DEFAULT]                   not part of find_package(svsm) without COMPONENTS
#     HEADERS <svsm/m/x.h>...         public headers, relative to include/; each is compiled alone
#     [HOSTED_HEADERS <svsm/m/y.h>...]   public headers left out under SVSM_FREESTANDING=ON
#     SOURCES <x.cc>...               relative to the calling folder; none makes an interface target
#     [HOSTED_SOURCES <x.cc>...]      left out under SVSM_FREESTANDING=ON
#     [PUBLIC_DEPS <dep>...]          svsm::core, or any library
#     [PRIVATE_DEPS <dep>...]
#     [FIND_DEPS <package>...]        what an installed consumer must find: OpenSSL, fmt, Threads, ...
#                                     or pkg:<module> for a pkg-config module (target PkgConfig::<module>)
#     [ALLOW_EXCEPTIONS <x.cc>...]    adapter files around throwing host libraries
#     [BUNDLED_ARCHIVES <lib.a>...])  archives made at build time, linked and installed beside ours
#
# gives target svsm_<name>, alias svsm::<name>, export set and install component svsm-<name>, svsm-<name>.pc, and the
# list of sources for firmware builds (below). Consumers get C++20, the include folder and the dependencies only.
#
#   svsm_sources(<name> <out>)        absolute source files of the freestanding part of a module; the same list, relative
#                                     to the root, is written to <build>/sources/sources-<name>.txt and installed
#   svsm_find_pkg(<module> [REQUIRED])            pkg-config module as PkgConfig::<module>; sets <module>_FOUND
#   svsm_add_test(<name> SOURCES ... [DEPS ...] [TIMEOUT s] [SERIAL])
#                                     GoogleTest executable; ctest label = folder below tests/, i.e. the room
#   svsm_add_fuzzer(<entry> [SOURCES ...] [DEPS ...])
#                                     tests/fuzz/<entry>_fuzz.cc unless SOURCES says otherwise; call it from
#                                     tests/<room>/CMakeLists.txt. Always: replay of tests/fuzz/corpus/<entry>/ under ctest;
#                                     with SVSM_FUZZ=ON also <bin>/fuzz/<entry>_fuzz
#   svsm_add_program(<name> SOURCES ... [DEPS ...] [NO_INSTALL])     <bin>/<name>, exceptions allowed
#   svsm_add_bench(<name> SOURCES ... [DEPS ...])                    <bin>/bench/<name>, Google Benchmark
#
# Tests see these macros: SVSM_TESTS_DIR (tests/ in the source), SVSM_BIN_DIR (programs), and in the environment
# TEST_TMPDIR (testing::TempDir(), a folder of the test's own) and SVSM_VECTORS_DIR (recorded real-world vectors; a test
# skips if it is unset).

include_guard(GLOBAL)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(SVSM_ROOT "${CMAKE_CURRENT_LIST_DIR}/.." CACHE INTERNAL "")
cmake_path(NORMAL_PATH SVSM_ROOT)
string(REGEX REPLACE "/$" "" SVSM_ROOT "${SVSM_ROOT}")
set(SVSM_BIN_DIR "${CMAKE_CURRENT_BINARY_DIR}/bin" CACHE PATH "Where programs are put")
set(SVSM_FUZZ_BIN_DIR "${SVSM_BIN_DIR}/fuzz" CACHE PATH "Where libFuzzer binaries are put")
set(svsm_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/svsm")

if(DEFINED ENV{SVSM_VECTORS_DIR})
  set(SVSM_VECTORS_DIR "$ENV{SVSM_VECTORS_DIR}" CACHE PATH "" FORCE)
elseif(EXISTS "${SVSM_ROOT}/../shared/vectors")
  cmake_path(SET svsm_vectors NORMALIZE "${SVSM_ROOT}/../shared/vectors")
endif()
set(SVSM_VECTORS_DIR "${svsm_vectors}" CACHE PATH "Recorded vectors for tests, may be empty")

include(${CMAKE_CURRENT_LIST_DIR}/SvsmFlags.cmake)

function(svsm_find_pkg module)
  cmake_parse_arguments(PARSE_ARGV 1 arg "REQUIRED" "" "")
  find_package(PkgConfig QUIET)
  set(required)
  if(arg_REQUIRED)
    set(required REQUIRED)
  endif()
  if(PKG_CONFIG_FOUND AND NOT CMAKE_DISABLE_FIND_PACKAGE_${module})
    pkg_check_modules(${module} ${required} QUIET IMPORTED_TARGET GLOBAL ${module})
  endif()
  set(${module}_FOUND "${${module}_FOUND}" PARENT_SCOPE)
  set(${module}_VERSION "${${module}_VERSION}" PARENT_SCOPE)
  set(${module}_LIBDIR "${${module}_LIBDIR}" PARENT_SCOPE)
endfunction()

function(svsm_sources name out)
  get_property(list GLOBAL PROPERTY svsm_sources_${name})
  set(${out} "${list}" PARENT_SCOPE)
endfunction()

function(svsm_add_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HOSTED;NOT_DEFAULT" ""
    "HEADERS;HOSTED_HEADERS;SOURCES;HOSTED_SOURCES;PUBLIC_DEPS;PRIVATE_DEPS;FIND_DEPS;ALLOW_EXCEPTIONS;BUNDLED_ARCHIVES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "svsm_add_module(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(arg_HOSTED AND SVSM_FREESTANDING)
    return()
  endif()
  set(target svsm_${name})
  set(scope PUBLIC)
  set(sources ${arg_SOURCES})
  if(NOT SVSM_FREESTANDING)
    list(APPEND sources ${arg_HOSTED_SOURCES})
    list(APPEND arg_HEADERS ${arg_HOSTED_HEADERS})
  endif()
  if(sources)
    add_library(${target} ${sources})
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:svsm_library_flags>)
    if(NOT arg_HOSTED)
      target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:svsm_small_frames>)
    endif()
    target_include_directories(${target} PRIVATE "${SVSM_ROOT}/src")
    if(NOT SVSM_FREESTANDING)
      set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    endif()
    set_target_properties(${target} PROPERTIES
      VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  add_library(svsm::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  list(TRANSFORM arg_HEADERS PREPEND "${SVSM_ROOT}/include/" OUTPUT_VARIABLE headers)
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS "${SVSM_ROOT}/include" FILES ${headers})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_link_libraries(${target} ${scope} ${arg_PUBLIC_DEPS})
  if(sources)
    svsm_link_archives(${target} ${arg_BUNDLED_ARCHIVES})
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE_DEPS})
  endif()
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  if(arg_ALLOW_EXCEPTIONS)
    set_source_files_properties(${arg_ALLOW_EXCEPTIONS} PROPERTIES
      COMPILE_OPTIONS "-fexceptions;-frtti" SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  svsm_record_sources(${name} ${arg_SOURCES})
  svsm_record_module(${name} "${arg_HOSTED}" "${arg_HEADERS}" "${sources}"
    "${arg_HOSTED_HEADERS};${arg_HOSTED_SOURCES}" "${arg_PUBLIC_DEPS}"
    "${arg_PRIVATE_DEPS}")
  if(SVSM_INSTALL AND NOT SVSM_FREESTANDING)
    svsm_install_module(${name} ${arg_NOT_DEFAULT} "${arg_PUBLIC_DEPS}" "${arg_PRIVATE_DEPS}" "${arg_FIND_DEPS}"
      "${arg_BUNDLED_ARCHIVES}")
  endif()
endfunction()

function(svsm_link_archives target)
  foreach(archive IN LISTS ARGN)
    cmake_path(GET archive FILENAME file)
    target_link_libraries(${target} PRIVATE "$<BUILD_INTERFACE:${archive}>"
      "$<INSTALL_INTERFACE:$<INSTALL_PREFIX>/${CMAKE_INSTALL_LIBDIR}/${file}>")
  endforeach()
endfunction()

function(svsm_record_sources name)
  set(absolute)
  set(lines "")
  foreach(file IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    list(APPEND absolute "${file}")
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${SVSM_ROOT}")
    string(APPEND lines "${file}\n")
  endforeach()
  set_property(GLOBAL PROPERTY svsm_sources_${name} "${absolute}")
  set(list_file "${PROJECT_BINARY_DIR}/sources/sources-${name}.txt")
  file(CONFIGURE OUTPUT "${list_file}" CONTENT "${lines}" @ONLY)
  if(SVSM_INSTALL AND NOT SVSM_FREESTANDING)
    install(FILES "${list_file}" DESTINATION "${CMAKE_INSTALL_DATADIR}/svsm" COMPONENT svsm-${name})
  endif()
endfunction()

# What the checks of ./dev read: one JSON object a module, in <build>/modules.jsonl.
function(svsm_record_module name hosted headers sources hosted_files public_deps private_deps)
  list(REMOVE_ITEM hosted_files "")
  set_property(GLOBAL APPEND PROPERTY svsm_modules ${name})
  set(line "{\"name\": \"${name}\", \"hosted\": \"${hosted}\"")
  string(APPEND line ", \"folder\": \"${CMAKE_CURRENT_SOURCE_DIR}\"")
  foreach(key headers sources hosted_files public_deps private_deps)
    list(JOIN ${key} "\", \"" items)
    if(items STREQUAL "")
      string(APPEND line ", \"${key}\": []")
    else()
      string(APPEND line ", \"${key}\": [\"${items}\"]")
    endif()
  endforeach()
  set_property(GLOBAL APPEND_STRING PROPERTY svsm_module_lines "${line}}\n")
endfunction()

include(${CMAKE_CURRENT_LIST_DIR}/SvsmInstall.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/SvsmPrograms.cmake)
