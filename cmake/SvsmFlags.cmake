# Flags for our own files only; nothing here reaches a consumer.
#   svsm_warnings        warnings
#   svsm_library_flags   warnings, no exceptions, no RTTI
#   svsm_small_frames    a warning for stack frames above 2 KiB, for code that firmware runs

add_library(svsm_warnings INTERFACE)
target_compile_options(svsm_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wpedantic)
if(SVSM_WERROR)
  target_compile_options(svsm_warnings INTERFACE -Werror)
endif()

add_library(svsm_library_flags INTERFACE)
target_link_libraries(svsm_library_flags INTERFACE svsm_warnings)
target_compile_options(svsm_library_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions> $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)

add_library(svsm_small_frames INTERFACE)
if(NOT SVSM_SANITIZE AND NOT SVSM_FUZZ)
  target_compile_options(svsm_small_frames INTERFACE $<$<NOT:$<CONFIG:Debug>>:-Wframe-larger-than=2048>)
endif()

# Sanitizers apply to every file of this tree. The library has no RTTI, which the vptr check would need.
if(SVSM_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "SVSM_FUZZ needs clang")
  endif()
  add_compile_options(-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize=vptr -fno-sanitize-recover=all
    -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=address,undefined)
elseif(SVSM_SANITIZE)
  add_compile_options(-fsanitize=${SVSM_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${SVSM_SANITIZE})
endif()

# The folders of the compiler and of libstdc++, without those of libc, as options; and a stub for the one libc header
# that libstdc++ insists on.
function(svsm_libcless_includes out)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -x c++ -E -v /dev/null
    OUTPUT_QUIET ERROR_VARIABLE log COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "search starts here:\n([^\n]*search starts here:\n)?(.*)End of search list" unused "${log}")
  string(REPLACE "\n" ";" dirs "${CMAKE_MATCH_2}")
  set(flags -nostdinc)
  foreach(dir IN LISTS dirs)
    string(STRIP "${dir}" dir)
    cmake_path(NORMAL_PATH dir)
    if(dir MATCHES "/c\\+\\+/|/lib/gcc/|/lib/clang/")
      list(APPEND flags "SHELL:-isystem ${dir}")
    endif()
  endforeach()
  list(APPEND flags "SHELL:-isystem ${SVSM_ROOT}/cmake/freestanding")
  set(${out} "${flags}" PARENT_SCOPE)
endfunction()

if(SVSM_FREESTANDING)
  set(SVSM_FREESTANDING_FLAGS -ffreestanding -fno-asynchronous-unwind-tables -fno-stack-protector -U_FORTIFY_SOURCE
    -fno-pic -mno-red-zone -ffunction-sections -fdata-sections)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND SVSM_FREESTANDING_FLAGS -mgeneral-regs-only)
  else()
    list(APPEND SVSM_FREESTANDING_FLAGS -mno-mmx -mno-sse -mno-sse2 -msoft-float)
  endif()
  svsm_libcless_includes(svsm_libcless)
  add_compile_options(${SVSM_FREESTANDING_FLAGS}
    "$<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions;-fno-rtti;-fno-threadsafe-statics>")
  foreach(flag IN LISTS svsm_libcless)
    if(flag MATCHES "^SHELL:(.*)$")
      add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:${CMAKE_MATCH_1}>")
    else()
      add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${flag}>")
    endif()
  endforeach()
endif()
