/* agree.h: how far reviewers agree when they judge the same things, beyond what chance would bring about.
 *
 * Usual cut: 0.8 and more is good, 0.667 to 0.8 tentative. */
#ifndef KF_CORE_AGREE_H
#define KF_CORE_AGREE_H

#include <stdbool.h>
#include <stddef.h>

#define AGREE_NONE (-1e9) /* a rating that is missing */

/* Cohen's kappa of two raters: table[i × k + j] counts what the first put into category i and the second into j. False: it is not defined
 * (nothing was rated, or chance alone explains everything). */
bool agree_kappa(const int *table, size_t k, double *ret);

enum agree_level { AGREE_NOMINAL, AGREE_INTERVAL };

/* Krippendorff's alpha: ratings[u × n_raters + r] of n_units units, AGREE_NONE where one is missing. False: it is not defined (fewer than
 * two ratings of any unit, or all are the same). */
bool agree_alpha(const double *ratings, size_t n_units, size_t n_raters, enum agree_level level, double *ret);

/* How much milder (above 0) or stricter (below) than the others one is: the mean of what `rater` gave less the mean of what the others
 * gave the same unit, over the units that others have rated, too. False: there are none. */
bool agree_severity(const double *ratings, size_t n_units, size_t n_raters, size_t rater, double *ret);

/* How far apart the ratings of one unit are, the highest less the lowest. False: fewer than two are there. */
bool agree_spread(const double *unit, size_t n_raters, double *ret);

#endif
