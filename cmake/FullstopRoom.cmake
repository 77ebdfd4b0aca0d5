# A room is one folder of src/. Its sources, unit tests and fuzz targets are
# found by name, so that a new file needs no entry anywhere:
#   thing.cc       part of the library fullstop_ROOM
#   thing_test.cc  a GoogleTest program, ROOM_thing_test
#   thing_fuzz.cc  a fuzz target, ROOM_thing_fuzz; without FULLSTOP_FUZZ it is a
#                  program that replays tests/corpus/ROOM_thing, run as a test

add_library(fullstop_options INTERFACE)
target_compile_options(fullstop_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND
   CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # gcc 12 warns of std::string's own operator+ (gcc bug 105651).
  target_compile_options(fullstop_options INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(fullstop_options INTERFACE -Wthread-safety)
endif()
target_include_directories(fullstop_options INTERFACE
  ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
if(FULLSTOP_SANITIZE)
  target_compile_options(fullstop_options INTERFACE
    -fsanitize=${FULLSTOP_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(fullstop_options INTERFACE
    -fsanitize=${FULLSTOP_SANITIZE})
endif()
if(FULLSTOP_FUZZ)
  target_compile_options(fullstop_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# fullstop_test(NAME SOURCE LIBRARY...): one GoogleTest program, each of its
# cases a ctest test.
function(fullstop_test name source)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE ${ARGN} fullstop_options
                        GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    FULLSTOP_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  gtest_discover_tests(${name} TEST_PREFIX "${name}/" DISCOVERY_MODE PRE_TEST
                       DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 900)
endfunction()

function(fullstop_fuzz_target name source)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE ${ARGN} fullstop_options)
  target_compile_definitions(${name} PRIVATE
    FULLSTOP_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(FULLSTOP_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/replay_main.cc)
    add_test(NAME replay/${name}
             COMMAND ${name} ${PROJECT_SOURCE_DIR}/tests/corpus/${name})
  endif()
endfunction()

# fullstop_room(ROOM [DEPENDS ROOM...] [LIBRARIES LIBRARY...])
function(fullstop_room room)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS
       RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *.cc)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cc$")

  list(TRANSFORM ARG_DEPENDS PREPEND fullstop_)
  if(sources)
    add_library(fullstop_${room} STATIC ${sources})
    target_link_libraries(fullstop_${room}
      PUBLIC ${ARG_DEPENDS} ${ARG_LIBRARIES}
      PRIVATE fullstop_options)
    target_include_directories(fullstop_${room} PUBLIC
      ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  else()
    add_library(fullstop_${room} INTERFACE)
    target_link_libraries(fullstop_${room}
      INTERFACE ${ARG_DEPENDS} ${ARG_LIBRARIES})
  endif()

  if(NOT FULLSTOP_TESTS)
    return()
  endif()
  foreach(file IN LISTS tests)
    get_filename_component(stem ${file} NAME_WE)
    fullstop_test(${room}_${stem} ${file} fullstop_${room})
  endforeach()
  foreach(file IN LISTS fuzzers)
    get_filename_component(stem ${file} NAME_WE)
    fullstop_fuzz_target(${room}_${stem} ${file} fullstop_${room})
  endforeach()
endfunction()
