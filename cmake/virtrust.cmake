# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every target shares: warnings, hardening, sanitizers, and the two ways to make a test.

include(CheckCCompilerFlag)
find_package(PkgConfig REQUIRED)

add_library(virtrust-flags INTERFACE)
target_include_directories(virtrust-flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(virtrust-flags INTERFACE
  _GNU_SOURCE VIRTRUST_VERSION="${PROJECT_VERSION}"
  VIRTRUST_LIBEXECDIR="${CMAKE_INSTALL_FULL_LIBEXECDIR}/virtrust")
target_compile_options(virtrust-flags INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
  -Wformat=2 -Wswitch-enum -Wundef -fno-common)
# A program needs at run time only what it calls: vt-os brings the crypto library to those alone that seal.
target_link_options(virtrust-flags INTERFACE -Wl,--as-needed)
if(VIRTRUST_SANITIZE)
  target_compile_options(virtrust-flags INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(virtrust-flags INTERFACE -fsanitize=address,undefined)
elseif(VIRTRUST_FUZZ)
  target_compile_options(virtrust-flags INTERFACE
    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(virtrust-flags INTERFACE -fsanitize=address,undefined)
else()
  target_compile_options(virtrust-flags INTERFACE
    -fstack-protector-strong $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2> -fPIE)
  target_link_options(virtrust-flags INTERFACE -pie -Wl,-z,relro,-z,now)
endif()
if(VIRTRUST_FAULTS)
  target_compile_definitions(virtrust-flags INTERFACE VIRTRUST_FAULTS=1)
else()
  target_compile_definitions(virtrust-flags INTERFACE VIRTRUST_FAULTS=0)
endif()

# virtrust_library(NAME file.c... LINK lib...): one static archive, one folder.
function(virtrust_library name)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${A_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC virtrust-flags ${A_LINK})
endfunction()

# virtrust_program(NAME file.c... LINK lib...): a program in build/bin.
function(virtrust_program name)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  add_executable(${name} ${A_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE virtrust-flags ${A_LINK})
endfunction()

# virtrust_fuzzer(NAME file.c... LINK lib...): a libFuzzer program, fuzz/fuzz-NAME in a build with VIRTRUST_FUZZ
# (`./dev fuzz`). Its seeds lie in tests/fuzz/corpus/NAME; every other build runs it over them, as the test
# unit.fuzz-NAME.
add_custom_target(fuzzers)
function(virtrust_fuzzer name)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  if(VIRTRUST_FUZZ)
    add_executable(fuzz-${name} ${A_UNPARSED_ARGUMENTS})
    set_target_properties(fuzz-${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    target_link_libraries(fuzz-${name} PRIVATE virtrust-flags ${A_LINK})
    target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers fuzz-${name})
  else()
    add_executable(replay-${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c ${A_UNPARSED_ARGUMENTS})
    set_target_properties(replay-${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
    target_link_libraries(replay-${name} PRIVATE virtrust-flags ${A_LINK})
    add_test(NAME unit.fuzz-${name} COMMAND replay-${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(unit.fuzz-${name} PROPERTIES LABELS unit TIMEOUT 300 SKIP_RETURN_CODE 77)
  endif()
endfunction()

# virtrust_test(NAME file.c... LINK lib...): a cmocka program in build/test, run by ctest as unit.NAME.
# VIRTRUST_SOURCE_DIR tells it where the tree is; VIRTRUST_HIVES where the real hives are.
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
function(virtrust_test name)
  cmake_parse_arguments(A "" "" "LINK;LABELS" ${ARGN})
  add_executable(test-${name} ${A_UNPARSED_ARGUMENTS})
  set_target_properties(test-${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
  target_link_libraries(test-${name} PRIVATE virtrust-flags ${A_LINK} PkgConfig::CMOCKA)
  if(NOT A_LABELS)
    set(A_LABELS unit)
  endif()
  add_test(NAME ${A_LABELS}.${name} COMMAND test-${name})
  set_tests_properties(${A_LABELS}.${name} PROPERTIES LABELS "${A_LABELS}" TIMEOUT 300 SKIP_RETURN_CODE 77
    ENVIRONMENT "VIRTRUST_SOURCE_DIR=${PROJECT_SOURCE_DIR};VIRTRUST_BIN_DIR=${CMAKE_BINARY_DIR}/bin")
endfunction()
