# The clang that the project is checked with, or whatever clang there is.
find_program(SVSM_CLANG NAMES clang-14 clang REQUIRED)
find_program(SVSM_CLANGXX NAMES clang++-14 clang++ REQUIRED)
set(CMAKE_C_COMPILER "${SVSM_CLANG}")
set(CMAKE_CXX_COMPILER "${SVSM_CLANGXX}")
