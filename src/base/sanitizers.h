/* Which sanitizer this is compiled with; gcc and clang say it in different ways. */
#ifndef DP_BASE_SANITIZERS_H
#define DP_BASE_SANITIZERS_H

#ifdef __has_feature
#define DP_HAS_FEATURE(feature) __has_feature(feature)
#else
#define DP_HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || DP_HAS_FEATURE(address_sanitizer)
#define DP_ADDRESS_SANITIZER 1
#else
#define DP_ADDRESS_SANITIZER 0
#endif

#if defined(__SANITIZE_THREAD__) || DP_HAS_FEATURE(thread_sanitizer)
#define DP_THREAD_SANITIZER 1
#else
#define DP_THREAD_SANITIZER 0
#endif

#endif
