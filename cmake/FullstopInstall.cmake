# One library of all rooms for others to link, its headers, and how to find
# them: pkg-config, or find_package(fullstop).
include(GNUInstallDirs)

set(objects "")
foreach(room IN LISTS FULLSTOP_ROOMS)
  list(APPEND objects $<TARGET_OBJECTS:fullstop_${room}>)
endforeach()
add_library(fullstop_library STATIC ${objects})
set_target_properties(fullstop_library PROPERTIES
  OUTPUT_NAME fullstop LINKER_LANGUAGE CXX)

file(RELATIVE_PATH FULLSTOP_PC_PREFIX
     /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${PROJECT_SOURCE_DIR}/cmake/fullstop.pc.in fullstop.pc @ONLY)
configure_file(${PROJECT_SOURCE_DIR}/cmake/fullstop-config.cmake.in
               fullstop-config.cmake @ONLY)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/fullstop-config-version.cmake
  COMPATIBILITY SameMinorVersion)

install(TARGETS fullstop_library ARCHIVE)
install(DIRECTORY include/fullstop DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_BINARY_DIR}/fullstop.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${PROJECT_BINARY_DIR}/fullstop-config.cmake
              ${PROJECT_BINARY_DIR}/fullstop-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fullstop)
