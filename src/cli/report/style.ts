// The look of the pages: one style for light, dark, paper and narrow windows.

const LIGHT = `--ground:#fff;--soft:#f4f5f7;--line:#d7dbe1;--ink:#171a1f;--dim:#545b66;--link:#0b57a4;
--good:#116a3b;--good-soft:#e5f3ea;--bad:#b3261e;--bad-soft:#fcebe9;--warn:#855000;--warn-soft:#fbf1e0;--ours:#c75500;--theirs:#0072b2;`;
const DARK = `--ground:#15181d;--soft:#1d2128;--line:#38404b;--ink:#e9ebee;--dim:#a7afbb;--link:#86bdff;
--good:#63cf96;--good-soft:#16291f;--bad:#ff9086;--bad-soft:#351d1c;--warn:#f0b763;--warn-soft:#30261a;--ours:#f2843a;--theirs:#4fa8e0;`;

export const STYLE = `
:root{color-scheme:light dark;${LIGHT}
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
font:16px/1.55 var(--sans);scroll-padding-top:4rem}
@media screen and (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);overflow-wrap:break-word}
main{max-width:76rem;margin:0 auto;padding:0 1.25rem 4rem}
a{color:var(--link);text-underline-offset:.15em}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:2px}
.skip{position:absolute;left:-99rem;top:0;z-index:9;background:var(--ground);padding:.6rem 1rem}
.skip:focus{left:0}
nav{position:sticky;top:0;z-index:6;background:var(--ground);border-bottom:1px solid var(--line);overflow-x:auto}
nav ul{display:flex;gap:.25rem;list-style:none;margin:0 auto;padding:0 1.25rem;max-width:76rem}
nav a{display:block;padding:.7rem .6rem;white-space:nowrap;color:var(--ink);text-decoration:none;font-size:.9rem}
nav a:hover{text-decoration:underline}
nav a:focus-visible{outline-offset:-3px}
h1{font-size:1.15rem;font-weight:500;color:var(--dim);margin:.2rem 0 0}
h2{font-size:1.9rem;line-height:1.2;letter-spacing:-.015em;margin:4.5rem 0 1rem;padding-top:1.4rem;border-top:3px solid var(--ink)}
h3{font-size:1.3rem;line-height:1.3;margin:2.4rem 0 .7rem}
h4{font-size:1.05rem;margin:1.6rem 0 .5rem}
h5{font-size:.95rem;margin:0 0 .5rem;font-weight:600}
h6{font-size:.9rem;margin:1.2rem 0 .4rem}
small{font-weight:400;color:var(--dim)}
p,ul,ol{max-width:75ch}
p{margin:.7rem 0}
li{margin:.25rem 0}
.dim{color:var(--dim)}
code,pre,dd.input,dd.found,dd.extent,dd.replay,dd.asks-for{font-family:var(--mono);font-size:.86em}
pre{overflow-x:auto;padding:.8rem 1rem;background:var(--soft);border:1px solid var(--line);border-radius:.4rem;line-height:1.45}
pre code{font-size:1em}
.brand{margin:3rem 0 0;font-weight:600;letter-spacing:.02em;color:var(--dim)}
.verdict{font-size:clamp(2.6rem,8vw,5rem);line-height:1.02;letter-spacing:-.035em;font-weight:750;margin:.15rem 0 1.1rem;max-width:none}
.verdict.good{color:var(--good)}
.verdict.bad{color:var(--bad)}
.lede{font-size:1.15rem;max-width:62ch}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.8rem;list-style:none;padding:0;margin:2rem 0;max-width:none}
.tiles li{margin:0;display:flex}
.tile{display:block;flex:1;padding:.9rem 1.1rem 1rem;background:var(--soft);border:1px solid var(--line);border-top:4px solid var(--dim);border-radius:.4rem;text-decoration:none;color:var(--ink)}
.tile:hover{border-color:var(--link)}
.tile strong{display:block;font-size:1.7rem;line-height:1.25;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.tile span{color:var(--dim);font-size:.92rem;line-height:1.4;display:block}
.tile.good{border-top-color:var(--good)}
.tile.bad{border-top-color:var(--bad)}
.tile.bad strong{color:var(--bad)}
.live{display:inline-block;padding:.6rem 1.1rem;border:2px solid var(--link);border-radius:.4rem;font-weight:600}
.whole{white-space:nowrap}
#laws [id]{scroll-margin-top:7.5rem}
#laws details{scroll-margin-top:5rem}
.v{font-weight:650;white-space:nowrap}
.h,.u{color:var(--good)}
.f,.c{color:var(--bad)}
.q,.w{color:var(--warn)}
.n{color:var(--dim)}
.missing{padding:.7rem 1rem;background:var(--warn-soft);border-left:4px solid var(--warn);border-radius:0 .4rem .4rem 0}
.missing code{overflow-wrap:anywhere}
.clear{padding:.7rem 1rem;background:var(--good-soft);border-left:4px solid var(--good);border-radius:0 .4rem .4rem 0;max-width:none}
summary{cursor:pointer;padding:.35rem .2rem}
summary:hover{background:var(--soft)}
details.engine,main details[data-fold],main>section>details{border:1px solid var(--line);border-radius:.4rem;padding:.15rem .8rem;margin:.5rem 0}
details.engine>summary{padding:.55rem .2rem}
.tally{float:right;color:var(--dim)}
details.fail{border-top:1px solid var(--line);padding:0 .2rem}
details.fail[open]>summary{font-weight:600}
details.fail>div{padding-left:.9rem}
.card{border:1px solid var(--line);border-left:4px solid var(--bad);border-radius:0 .4rem .4rem 0;background:var(--soft);padding:.8rem 1rem;margin:.8rem 0}
.card.q,.card.w{border-left-color:var(--warn)}
.card,.card dd{color:var(--ink)}
.says{font-size:1.05rem;margin:.6rem 0}
.formula code{display:block;overflow-x:auto;white-space:pre-wrap;padding:.1rem 0 .3rem}
dl{display:grid;grid-template-columns:6.5rem minmax(0,1fr);gap:.3rem 1rem;margin:.4rem 0}
dt{color:var(--dim);font-size:.88rem;padding-top:.08rem}
dd{margin:0;overflow-wrap:anywhere}
.card dd{white-space:pre-wrap}
dd.found{font-weight:600}
details.law{border-bottom:1px solid var(--line)}
details.law>summary{display:flex;gap:.6rem;align-items:baseline;padding:.4rem .2rem}
details.law>summary code{flex:none;width:19rem;overflow-wrap:anywhere}
details.law>summary .dim{flex:1;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
details.law[open]>summary .dim{white-space:normal}
details.law dl{padding:.2rem 0 .9rem 1.6rem}
:target{box-shadow:-.35rem 0 var(--warn)}
section:target,h3:target,header:target,article.lesson:target,main:target{box-shadow:none}
[tabindex="-1"]:focus{outline:none}
.box{overflow:auto;max-width:100%;margin:.8rem 0}
.box.tall{max-height:82vh;border:1px solid var(--line);border-radius:.4rem}
table{border-collapse:separate;border-spacing:0;font-size:.9rem;line-height:1.4}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th,td{text-align:left;vertical-align:top;padding:.4rem .7rem;border-bottom:1px solid var(--line)}
thead th{vertical-align:bottom;font-weight:600;background:var(--ground);border-bottom:2px solid var(--line)}
tbody th{font-weight:400;background:var(--ground)}
table:not(.prose) th:first-child{position:sticky;left:0;z-index:1}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;color:inherit}
table:not(.prose) td.n{white-space:nowrap}
.box td{min-width:4rem}
table.prose td{min-width:9rem}
.box:not(.tall) tbody th:not(.n){min-width:12rem}
table.prose tbody th{min-width:9rem!important}
.matrix{font-size:.85rem;width:100%;table-layout:fixed;min-width:60rem}
.matrix thead th:first-child{width:16rem}
.matrix:not(:has(th:nth-child(3))){min-width:0}
.matrix thead th{position:sticky;top:0;z-index:2;text-align:center;line-height:1.25;font-size:.68rem;padding:.4rem .1rem;overflow-wrap:anywhere}
.matrix thead th:first-child{z-index:3;text-align:left}
.matrix tbody th{font-family:var(--mono);font-size:.82rem;border-right:1px solid var(--line)}
.matrix td{text-align:center;padding:.28rem .3rem;border-right:1px solid var(--line);white-space:nowrap}
.matrix td.f,.matrix td.c{background:var(--bad-soft);font-weight:650}
.matrix td.f a,.matrix td.c a{color:var(--bad);display:block}
.matrix td.n{text-align:center;color:var(--dim)}
.matrix td.h,.matrix td.u{background:var(--good-soft)}
.matrix td.q,.matrix td.w{background:var(--warn-soft)}
.matrix tbody tr:hover th{background:var(--soft)}
.matrix th a{text-decoration:none}
.matrix th a:hover{text-decoration:underline}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.6rem;list-style:none;padding:0;max-width:none}
.legend li{margin:0}
th button{font:inherit;font-weight:inherit;color:inherit;background:none;border:0;padding:0;margin:0;text-align:inherit;cursor:pointer}
th button:hover{text-decoration:underline}
th[aria-sort=ascending] button::after{content:" ▲"}
th[aria-sort=descending] button::after{content:" ▼"}
.bar{vertical-align:baseline}
.bar .rail{fill:var(--line)}
.bar .ours{fill:var(--ours)}
.bar .theirs{fill:var(--theirs)}
.share{white-space:nowrap}
figure{margin:1.4rem 0}
.chart .box{margin:0}
.chart svg{display:block;max-width:100%;height:auto;font-family:"Helvetica Neue",Helvetica,Arial,sans-serif}
.chart .on{stroke:var(--ink);stroke-width:3px}
figcaption{font-size:.88rem;color:var(--dim);min-height:1.6em}
figcaption output{color:var(--ink);font-variant-numeric:tabular-nums}
.lesson{padding-top:.4rem;border-top:1px solid var(--line);margin-top:2.4rem}
.lesson h3{margin-top:.8rem}
.claims{list-style:none;padding:0;columns:20rem 2;max-width:none}
.claims li{break-inside:avoid;margin:0;padding:.12rem 0}
.checks{list-style:none;padding:0}
#filter{position:sticky;top:2.85rem;z-index:5;display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:end;padding:.7rem 0;background:var(--ground);border-bottom:1px solid var(--line)}
#filter[hidden]{display:none}
label{font-size:.85rem;color:var(--dim)}
label:first-child{flex:1;min-width:14rem}
input,select,button{font:inherit;color:var(--ink);background:var(--ground)}
label input,label select{display:block;width:100%;min-width:9rem;font-size:1rem;padding:.4rem .55rem;border:1px solid var(--dim);border-radius:.35rem}
#filter button,.all{padding:.4rem .9rem;border:1px solid var(--dim);border-radius:.35rem;cursor:pointer}
#filter button:hover,.all:hover{border-color:var(--link)}
#filter output{padding:.45rem 0;min-width:8rem;font-variant-numeric:tabular-nums}
::placeholder{color:var(--dim);opacity:1}
footer{margin-top:4rem;border-top:1px solid var(--line);padding-top:.8rem}
@media screen and (max-width:44rem){
main{padding:0 1rem 3rem}
nav ul{padding:0 .5rem}
h2{font-size:1.6rem;margin-top:3rem}
.brand{margin-top:1.6rem}
.tiles{grid-template-columns:1fr 1fr;gap:.5rem}
.tile{padding:.7rem .8rem}
.tile strong{font-size:1.35rem}
.tile span{font-size:.84rem}
.tally{float:none;display:block}
dl{grid-template-columns:minmax(0,1fr);gap:.1rem}
dd{margin-bottom:.5rem}
#filter{position:static}
#laws [id]{scroll-margin-top:1rem}
#laws details [id]{scroll-margin-top:9rem}
#laws details{scroll-margin-top:0}
#filter label{flex:1;min-width:8rem}
#filter label:first-child{flex-basis:100%}
label input,label select{min-width:0}
details.law>summary{flex-wrap:wrap}
details.law>summary code{width:auto;flex:1}
details.law>summary .dim{flex-basis:100%;white-space:normal;font-size:.9rem}
details.law dl{padding-left:.4rem}
.chart svg{max-width:none}
.matrix{min-width:70rem}
.matrix thead th:first-child{width:9.5rem}
.matrix tbody th{overflow-wrap:anywhere}
th,td{padding:.35rem .5rem}
table.prose,table.prose tbody,table.prose tr,table.prose th,table.prose td{display:block;width:100%;min-width:0!important}
.box:not(.tall) tbody th:not(.n){min-width:8rem}
table.prose thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table.prose tr{padding:.7rem 0;border-bottom:1px solid var(--line)}
table.prose th,table.prose td{border:0;padding:.12rem 0}
table.prose td[data-label]::before{content:attr(data-label);display:block;color:var(--dim);font-size:.82rem}
table.prose td:empty{display:none}
}
@media print{
:root{font-size:10pt;color-scheme:light}
nav,.skip,#filter,.all,figcaption output,.live{display:none!important}
main{max-width:none;padding:0}
a{color:inherit;text-decoration:none}
h2,h3,h4,h5,summary{break-after:avoid}
h2{margin-top:1.5rem}
.card,.chart,.tile,tr{break-inside:avoid}
.verdict{font-size:36pt}
.tiles{grid-template-columns:repeat(3,1fr)}
.box,.box.tall{overflow:visible;max-height:none;border:0}
.chart svg{max-width:100%}
table{font-size:7.5pt;width:100%}
th,td{padding:.15rem .3rem}
table th,.matrix thead th{position:static!important}
.box td,.box th,table.prose td,table.prose th{min-width:0!important}
.matrix,.matrix tbody th{font-size:6.5pt}
.matrix{min-width:0}
.matrix thead th{font-size:5.5pt}
.matrix thead th:first-child{width:38mm}
.matrix td{padding:0 .1rem}
details.engine::details-content,details.paper::details-content{content-visibility:visible;display:block;block-size:auto}
details.engine::details-content{columns:2}
details.fail,details.law{font-size:7.5pt;break-inside:avoid}
details.law>summary{padding:.05rem}
details.law>summary .dim{white-space:normal}
details.law>summary code{width:15rem}
summary{list-style:none;padding:.1rem 0}
:target{box-shadow:none}
}
`;
