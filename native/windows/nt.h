// What the NT calls take, which is in no Win32 header. Source: Microsoft's documentation of UNICODE_STRING and OBJECT_ATTRIBUTES.
#pragma once

#include "windows/win32.h"

namespace stratabox {

struct UnicodeString {
  USHORT length;
  USHORT capacity;
  const wchar_t* buffer;
};

struct ObjectAttributes {
  ULONG size;
  HANDLE root;
  UnicodeString* name;
  ULONG flags;
  void* security;
  void* quality;
};

constexpr ULONG kCaseInsensitive = 0x40;

}  // namespace stratabox
