#include "base/floating.h"

#include <stddef.h>

static _Thread_local dp_floating *innermost;

void dp_floating_enter(dp_floating *scope) {
    scope->outer = innermost;
    innermost = scope;
    fegetenv(&scope->found);
    fesetenv(FE_DFL_ENV);
}

void dp_floating_leave(dp_floating *scope) {
    fesetenv(&scope->found);
    innermost = scope->outer;
}

static dp_floating *outermost(void) {
    dp_floating *scope = innermost;
    while (scope && scope->outer)
        scope = scope->outer;
    return scope;
}

void dp_floating_lend(void) {
    const dp_floating *scope = outermost();
    if (scope)
        fesetenv(&scope->found);
}

void dp_floating_take_back(void) {
    dp_floating *scope = outermost();
    if (!scope)
        return;
    fegetenv(&scope->found);
    fesetenv(FE_DFL_ENV);
}
