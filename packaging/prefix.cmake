# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A system's daemon: its units, users and configuration lie where the system looks for them, so the prefix is /usr
# unless -DCMAKE_INSTALL_PREFIX says otherwise. Units and programs name it: another one at installation is refused,
# before anything is written.

if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
  set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "where it is installed" FORCE)
endif()

install(CODE "
  if(NOT CMAKE_INSTALL_PREFIX STREQUAL \"${CMAKE_INSTALL_PREFIX}\")
    message(FATAL_ERROR \"virtrust was configured for the prefix ${CMAKE_INSTALL_PREFIX}, which its units and programs \"
      \"name; configure it with -DCMAKE_INSTALL_PREFIX=\${CMAKE_INSTALL_PREFIX} and build again\")
  endif()")
