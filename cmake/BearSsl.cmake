# BearSSL, for svsm::crypto_bearssl.
#
# Hosted: Debian's libbearssl-dev, if there is one. Freestanding: the 52 files that we use of Debian's source package,
# built with our own flags, because the packaged archive calls __stack_chk_fail and reads %fs. The sources come from
# SVSM_BEARSSL_SOURCE_DIR, or are fetched once into the user's cache, where all builds share them.
#
#   svsm_bearssl(<out>)     what to link: a library's name or target, or empty where there is none

set(SVSM_BEARSSL_SOURCE_DIR "" CACHE PATH "Unpacked sources of BearSSL 0.6 (has inc/ and src/); empty: fetch them")

function(svsm_bearssl out)
  if(SVSM_FREESTANDING)
    svsm_bearssl_from_source()
    set(${out} svsm_bearssl_c PARENT_SCOPE)
    return()
  endif()
  find_path(SVSM_BEARSSL_INCLUDE bearssl.h)
  find_library(SVSM_BEARSSL_LIBRARY bearssl)
  mark_as_advanced(SVSM_BEARSSL_INCLUDE SVSM_BEARSSL_LIBRARY)
  set(${out} "" PARENT_SCOPE)
  if(SVSM_BEARSSL_INCLUDE AND SVSM_BEARSSL_LIBRARY)
    set(${out} bearssl PARENT_SCOPE)
  endif()
endfunction()

function(svsm_bearssl_source_dir out)
  set(dir "${SVSM_BEARSSL_SOURCE_DIR}")
  if(NOT dir)
    if(DEFINED ENV{XDG_CACHE_HOME})
      set(dir "$ENV{XDG_CACHE_HOME}/svsm/bearssl-0.6")
    elseif(DEFINED ENV{HOME})
      set(dir "$ENV{HOME}/.cache/svsm/bearssl-0.6")
    else()
      set(dir "${PROJECT_BINARY_DIR}/bearssl-0.6")
    endif()
    if(NOT EXISTS "${dir}/inc/bearssl.h")
      message(STATUS "svsm: fetching the sources of BearSSL into ${dir}")
      execute_process(COMMAND "${SVSM_ROOT}/cmake/bearssl/fetch.sh" "${dir}" RESULT_VARIABLE failed)
      if(failed)
        message(FATAL_ERROR "svsm: no sources of BearSSL; unpack BearSSL 0.6 and set SVSM_BEARSSL_SOURCE_DIR")
      endif()
    endif()
  endif()
  if(NOT EXISTS "${dir}/inc/bearssl.h")
    message(FATAL_ERROR "svsm: ${dir} has no inc/bearssl.h")
  endif()
  set(${out} "${dir}" PARENT_SCOPE)
endfunction()

function(svsm_bearssl_from_source)
  svsm_bearssl_source_dir(dir)
  file(STRINGS "${SVSM_ROOT}/cmake/bearssl/files.txt" files)
  list(TRANSFORM files PREPEND "${dir}/src/")
  add_library(svsm_bearssl_c STATIC ${files})
  set_target_properties(svsm_bearssl_c PROPERTIES OUTPUT_NAME bearssl C_STANDARD 99 C_EXTENSIONS OFF)
  target_compile_definitions(svsm_bearssl_c PRIVATE BR_USE_URANDOM=0 BR_USE_UNIX_TIME=0)
  target_compile_options(svsm_bearssl_c PRIVATE -mcmodel=small)
  # No libc headers: the compiler's own, then stand-ins. Consumers see just the stand-in that bearssl.h needs.
  target_compile_options(svsm_bearssl_c PRIVATE -nostdinc)
  foreach(flag IN LISTS svsm_libcless)
    if(flag MATCHES "/lib/gcc/|/lib/clang/" AND NOT flag MATCHES "/c\\+\\+/")
      target_compile_options(svsm_bearssl_c PRIVATE "${flag}")
    endif()
  endforeach()
  foreach(stub include include-c)
    target_compile_options(svsm_bearssl_c PRIVATE "SHELL:-isystem ${SVSM_ROOT}/cmake/bearssl/${stub}")
  endforeach()
  target_include_directories(svsm_bearssl_c PRIVATE "${dir}/inc" "${dir}/src")
  target_include_directories(svsm_bearssl_c SYSTEM INTERFACE "${dir}/inc" "${SVSM_ROOT}/cmake/bearssl/include")
endfunction()

# Firmware projects read the list of BearSSL's files that they compile beside our sources.
if(SVSM_INSTALL AND NOT SVSM_FREESTANDING)
  install(FILES "${SVSM_ROOT}/cmake/bearssl/files.txt" DESTINATION "${CMAKE_INSTALL_DATADIR}/svsm"
    RENAME sources-bearssl.txt COMPONENT svsm-crypto_bearssl)
endif()
