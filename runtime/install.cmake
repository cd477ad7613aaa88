# What `cmake --install` puts down: headers, both libraries, the CMake package and the pkg-config file.

include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/rove)
set(generated_dir ${PROJECT_BINARY_DIR}/runtime)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/rove DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(
    TARGETS rove rove_static
    EXPORT rove-targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})

install(
    EXPORT rove-targets
    NAMESPACE rove::
    DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/rove-config.cmake.in ${generated_dir}/rove-config.cmake
                              INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${generated_dir}/rove-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${generated_dir}/rove-config.cmake ${generated_dir}/rove-config-version.cmake
        DESTINATION ${package_dir})

# Who links the static library also names hwloc, but not what hwloc itself is made of, as Requires.private would: its
# shared library brings that along, and the development packages of that are seldom installed.
list(JOIN HWLOC_LDFLAGS " " pkgconfig_hwloc)
# The prefix is written as seen from the file, so that an installed tree can be moved.
file(RELATIVE_PATH pkgconfig_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pkgconfig_prefix ${pkgconfig_prefix})
cmake_path(APPEND pkgconfig_libdir "\${prefix}" ${CMAKE_INSTALL_LIBDIR})
cmake_path(APPEND pkgconfig_includedir "\${prefix}" ${CMAKE_INSTALL_INCLUDEDIR})
configure_file(${CMAKE_CURRENT_LIST_DIR}/rove.pc.in ${generated_dir}/rove.pc @ONLY)
install(FILES ${generated_dir}/rove.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
