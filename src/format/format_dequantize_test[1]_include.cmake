if(EXISTS "/tmp/w-format/top/src/format/format_dequantize_test")
  if(NOT EXISTS "/tmp/w-format/top/src/format/format_dequantize_test[1]_tests.cmake" OR
     NOT "/tmp/w-format/top/src/format/format_dequantize_test[1]_tests.cmake" IS_NEWER_THAN "/tmp/w-format/top/src/format/format_dequantize_test" OR
     NOT "/tmp/w-format/top/src/format/format_dequantize_test[1]_tests.cmake" IS_NEWER_THAN "${CMAKE_CURRENT_LIST_FILE}")
    include("/usr/share/cmake-3.25/Modules/GoogleTestAddTests.cmake")
    gtest_discover_tests_impl(
      TEST_EXECUTABLE [==[/tmp/w-format/top/src/format/format_dequantize_test]==]
      TEST_EXECUTOR [==[]==]
      TEST_WORKING_DIR [==[/tmp/w-format/top/src/format]==]
      TEST_EXTRA_ARGS [==[]==]
      TEST_PROPERTIES [==[TIMEOUT;300]==]
      TEST_PREFIX [==[format_dequantize_test/]==]
      TEST_SUFFIX [==[]==]
      TEST_FILTER [==[]==]
      NO_PRETTY_TYPES [==[FALSE]==]
      NO_PRETTY_VALUES [==[FALSE]==]
      TEST_LIST [==[format_dequantize_test_TESTS]==]
      CTEST_FILE [==[/tmp/w-format/top/src/format/format_dequantize_test[1]_tests.cmake]==]
      TEST_DISCOVERY_TIMEOUT [==[60]==]
      TEST_XML_OUTPUT_DIR [==[]==]
    )
  endif()
  include("/tmp/w-format/top/src/format/format_dequantize_test[1]_tests.cmake")
else()
  add_test(format_dequantize_test_NOT_BUILT format_dequantize_test_NOT_BUILT)
endif()
