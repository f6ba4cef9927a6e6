# What hosted parts may build on, found once for all folders. Nothing is required: what is missing leaves out the targets
# that need it, with a status line.

# Debian brings cpp-httplib without a CMake package. The definitions are part of its compiled form.
macro(svsm_import_httplib)
  find_path(httplib_INCLUDE_DIR httplib.h)
  find_library(httplib_LIBRARY cpp-httplib)
  mark_as_advanced(httplib_INCLUDE_DIR httplib_LIBRARY)
  if(httplib_INCLUDE_DIR AND httplib_LIBRARY AND OpenSSL_FOUND)
    add_library(httplib::httplib UNKNOWN IMPORTED GLOBAL)
    set_target_properties(httplib::httplib PROPERTIES
      IMPORTED_LOCATION "${httplib_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${httplib_INCLUDE_DIR}"
      INTERFACE_COMPILE_DEFINITIONS
        "CPPHTTPLIB_OPENSSL_SUPPORT;CPPHTTPLIB_ZLIB_SUPPORT;CPPHTTPLIB_BROTLI_SUPPORT"
      INTERFACE_LINK_LIBRARIES "OpenSSL::SSL;OpenSSL::Crypto;Threads::Threads")
    set(httplib_FOUND TRUE)
  endif()
endmacro()

if(NOT SVSM_FREESTANDING)
  set(CMAKE_THREAD_PREFER_PTHREAD ON)
  find_package(Threads QUIET)
  find_package(OpenSSL 3.0 QUIET)
  find_package(nlohmann_json QUIET)
  find_package(CLI11 QUIET)
  find_package(fmt QUIET)
  find_package(CURL QUIET)
  find_package(SQLite3 QUIET)
  find_package(httplib QUIET)
  if(NOT httplib_FOUND)
    svsm_import_httplib()
  endif()
  foreach(package OpenSSL nlohmann_json CLI11 fmt CURL SQLite3 httplib)
    if(NOT ${package}_FOUND)
      message(STATUS "svsm: ${package} not found, what needs it is left out")
    endif()
  endforeach()
endif()
