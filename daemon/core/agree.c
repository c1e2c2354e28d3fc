#include "core/agree.h"

static bool there(double v)
{
    return v > AGREE_NONE / 2;
}

bool agree_kappa(const int *table, size_t k, double *ret)
{
    double n = 0, same = 0, chance = 0;

    for (size_t i = 0; i < k * k; i++)
        n += table[i];
    if (n <= 0)
        return false;
    for (size_t i = 0; i < k; i++) {
        double row = 0, column = 0;

        for (size_t j = 0; j < k; j++) {
            row += table[i * k + j];
            column += table[j * k + i];
        }
        same += table[i * k + i];
        chance += row * column / n;
    }
    if (n - chance < 1e-9)
        return false;
    *ret = (same - chance) / (n - chance);
    return true;
}

static double distance(double a, double b, enum agree_level level)
{
    if (level == AGREE_INTERVAL)
        return (a - b) * (a - b);
    return a > b || a < b;
}

/* Units with one rating say nothing about agreement: they are left out on both sides. */
static size_t rated(const double *unit, size_t n_raters)
{
    size_t ret = 0;

    for (size_t r = 0; r < n_raters; r++)
        ret += there(unit[r]);
    return ret > 1 ? ret : 0;
}

/* Among all pairs of ratings of different units or raters that are used. */
static double expected(const double *ratings, size_t n_units, size_t n_raters, enum agree_level level)
{
    double ret = 0;

    for (size_t u = 0; u < n_units; u++) {
        if (!rated(&ratings[u * n_raters], n_raters))
            continue;
        for (size_t v = 0; v < n_units; v++) {
            if (!rated(&ratings[v * n_raters], n_raters))
                continue;
            for (size_t r = 0; r < n_raters; r++)
                for (size_t s = 0; s < n_raters; s++) {
                    double a = ratings[u * n_raters + r], b = ratings[v * n_raters + s];

                    if (there(a) && there(b) && !(u == v && r == s))
                        ret += distance(a, b, level);
                }
        }
    }
    return ret;
}

bool agree_alpha(const double *ratings, size_t n_units, size_t n_raters, enum agree_level level, double *ret)
{
    double observed = 0, n = 0, chance;

    for (size_t u = 0; u < n_units; u++) {
        const double *unit = &ratings[u * n_raters];
        size_t m = rated(unit, n_raters);
        double sum = 0;

        if (!m)
            continue;
        for (size_t r = 0; r < n_raters; r++)
            for (size_t s = 0; s < n_raters; s++)
                if (r != s && there(unit[r]) && there(unit[s]))
                    sum += distance(unit[r], unit[s], level);
        observed += sum / (double)(m - 1);
        n += (double)m;
    }
    if (n < 2)
        return false;
    chance = expected(ratings, n_units, n_raters, level);
    if (chance <= 0)
        return false;
    *ret = 1 - (n - 1) * observed / chance;
    return true;
}

bool agree_severity(const double *ratings, size_t n_units, size_t n_raters, size_t rater, double *ret)
{
    double sum = 0;
    size_t n = 0;

    for (size_t u = 0; u < n_units; u++) {
        const double *unit = &ratings[u * n_raters];
        double others = 0;
        size_t m = 0;

        for (size_t r = 0; r < n_raters; r++)
            if (r != rater && there(unit[r])) {
                others += unit[r];
                m++;
            }
        if (!m || !there(unit[rater]))
            continue;
        sum += unit[rater] - others / (double)m;
        n++;
    }
    if (!n)
        return false;
    *ret = sum / (double)n;
    return true;
}

bool agree_spread(const double *unit, size_t n_raters, double *ret)
{
    double low = 0, high = 0;
    size_t n = 0;

    for (size_t r = 0; r < n_raters; r++) {
        if (!there(unit[r]))
            continue;
        low = n == 0 || unit[r] < low ? unit[r] : low;
        high = n == 0 || unit[r] > high ? unit[r] : high;
        n++;
    }
    *ret = high - low;
    return n > 1;
}
